/** Waits for the server, replaces its superuser, makes a keyspace and a user, and connects as that user. `PORT CA-FILE` */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import cassandra from 'cassandra-driver';

const [port, caFile] = process.argv.slice(2);
const ca = readFileSync(caFile ?? '');
const pollMs = 50;
const open = async (user: string, password: string): Promise<cassandra.Client> => {
  const client = new cassandra.Client({
    contactPoints: [`127.0.0.1:${port}`], localDataCenter: 'datacenter1', authProvider: new cassandra.auth.PlainTextAuthProvider(user, password),
    pooling: { coreConnectionsPerHost: { [cassandra.types.distance.local]: 1 } }, sslOptions: { ca: [ca], rejectUnauthorized: true },
  });
  await client.connect().catch(async (error: unknown) => { await client.shutdown(); throw error; });
  return client;
};
async function untilOpen(user: string, password: string): Promise<cassandra.Client> {
  for (;;) {
    const client = await open(user, password).catch(() => null);
    if (client) return client;
    await delay(pollMs);
  }
}

const [admin, app] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
const first = await untilOpen('cassandra', 'cassandra');
await first.execute(`create role admin with superuser = true and login = true and password = '${admin}'`);
await first.shutdown();
const manager = await open('admin', admin);
for (const statement of ['drop role cassandra', `create keyspace shop with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`, `create role app with login = true and password = '${app}'`, 'grant all on keyspace shop to app']) await manager.execute(statement);
await manager.shutdown();
const user = await open('app', app);
await user.execute('select release_version from system.local');
await user.shutdown();
