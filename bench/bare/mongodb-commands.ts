/**
 * Commands by the driver, one after the other: the engine comes without a shell. `node mongodb-commands.ts URI [CA]`, the
 * commands as JSON lines on standard input, each with its `$db`. Waits for the server, and after `replSetInitiate` for writes.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Document, MongoClient } from 'mongodb';

const [uri = '', ca] = process.argv.slice(2);
const client = new MongoClient(uri, { directConnection: true, serverSelectionTimeoutMS: 30_000, heartbeatFrequencyMS: 500, ...(ca === undefined ? {} : { tls: true, tlsCAFile: ca }) });
for await (const line of createInterface({ input: process.stdin })) {
  const { $db, ...command } = JSON.parse(line) as Document & { $db: string };
  await client.db($db).command(command).catch((error: unknown) => { if (!('shutdown' in command)) throw error; });
  while ('replSetInitiate' in command && !(await client.db('admin').command({ hello: 1 }))['isWritablePrimary']) await delay(10);
}
await client.close();
