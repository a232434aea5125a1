/**
 * The schema engine of Prisma's CLI. The stock one is a native program that the CLI downloads at the first command,
 * `generate` included; this one speaks the same protocol in front of the WebAssembly build from the package registry,
 * so that everything works without the internet.
 */
import { readFile } from 'node:fs/promises';
import { parseArguments } from './arguments.ts';
import { runDatabaseCommand } from './database-command.ts';
import { openSchemaEngine } from './engine.ts';
import { serveRpc } from './rpc.ts';

const { wantsVersion, databaseCommand, url, schemaPaths } = parseArguments(process.argv.slice(2), process.env);

function requireUrl(): string {
  if (url) return url;
  throw new Error('no database: set DATABASE_URL to a PostgreSQL URL');
}

if (wantsVersion) {
  console.log('schema-engine-cli wasm');
} else if (databaseCommand) {
  process.exitCode = await runDatabaseCommand(databaseCommand, requireUrl());
} else {
  await serveRpc(process.stdin, process.stdout, async () => {
    const read = async (path: string): Promise<[string, string]> => [path, await readFile(path, 'utf8')];
    return openSchemaEngine(requireUrl(), await Promise.all(schemaPaths.map(read)));
  });
  process.exit(0); // pools of a database that just went away would hold the process
}
