/** The stock client of the engine's own build, as a person uses it: the manifest's connect command, nothing else. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { HarnessFacts, Login, StockClient } from '../../../strategies/conformance/index.ts';
import type { Manifest } from '../../../strategies/spi/manifest.ts';
import { withFacts } from '../instance-facts.ts';
import { type ClientResult, hold, outputOf, runScript } from '../script-client.ts';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';

const answerTimeoutMs = 15_000;

export interface SqlClient {
  /** Statements as a script; the first that fails ends it. `more` comes after the manifest's arguments and so beats them. */
  run(login: Login, script: string, more?: readonly string[]): Promise<ClientResult>;
  /** Standard output, or an error with the server's words. */
  ask(login: Login, script: string, more?: readonly string[]): Promise<string>;
  spawn(login: Login, more?: readonly string[]): ChildProcessWithoutNullStreams;
}

/** `patienceMs`: a client that waits longer for its answers ends; what it had asked for may be done all the same. */
export function createSqlClient(facts: HarnessFacts, manifest: Manifest, patienceMs?: number): SqlClient {
  const port = String(facts.ports[manifest.ports[0]?.name ?? '']);
  const start = (login: Login, more: readonly string[] = []): ChildProcessWithoutNullStreams => {
    const values: Record<string, string | null> = { host: facts.host, port, user: login.user, password: login.password, caFile: facts.caFile, database: login.database };
    const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (_all, key: string) => values[key] ?? '');
    const args = manifest.connect.args.filter((text) => login.database !== null || !text.includes('{database}')).map(fill);
    const environment = Object.fromEntries(Object.entries(manifest.connect.environment).map(([name, text]) => [name, fill(text)]));
    return spawn(join(facts.paths.bin, manifest.connect.command), [...args, '--batch', '--skip-column-names', '--raw', '--unbuffered', '--skip-reconnect', '--connect-timeout=10', ...more], { env: { LC_ALL: 'C.UTF-8', ...environment }, stdio: 'pipe', timeout: patienceMs });
  };
  const client: SqlClient = {
    spawn: start,
    run: (login, script, more) => runScript(start(login, more), script),
    ask: async (login, script, more) => outputOf(await client.run(login, script, more)),
  };
  return client;
}

/** Statements to an instance that the public API tells of, by the client beside `program` in its build. */
export const askInstance = (manifest: Manifest, program: string, patienceMs?: number) => (instance: any, login: Omit<Login, 'database'> & { database?: string | null }, script: string): Promise<string> =>
  withFacts(manifest, program, instance, (facts) => createSqlClient(facts, manifest, patienceMs).ask({ database: null, ...login }, `${script};`));

/** `withoutTls`: the client's own words for it. */
export function createStockClient(facts: HarnessFacts, manifest: Manifest, withoutTls: readonly string[]): StockClient {
  const client = createSqlClient(facts, manifest);
  const table = (name: string): string => `\`kit_${name}\``;
  return {
    async write(login, name, value) {
      await client.ask(login, `create table if not exists ${table(name)} (id int primary key, value text);\ninsert into ${table(name)} values (1, '${value}') on duplicate key update value = '${value}';`);
    },
    async read(login, name) {
      const { exitCode, stdout, stderr } = await client.run(login, `select concat('value=', value) from ${table(name)};`);
      if (exitCode === 0) return stdout.startsWith('value=') ? stdout.slice('value='.length) : null;
      if (stderr.includes('ERROR 1146')) return null;
      throw new Error(stderr);
    },
    hold: (login) => hold(client.spawn(login)),
    askWithoutTls: async (login) => { await client.ask(login, 'select 1;', withoutTls); },
  };
}

/** A statement as management, over the socket; the rows' values, tab-separated. */
export async function askAsManagement(facts: HarnessFacts, statement: string): Promise<string> {
  const connection = await openConnection({ socketPath: join(facts.paths.run, 'server.sock') }, { user: 'coffer', password: facts.managementSecret, database: null }, answerTimeoutMs);
  try {
    return (await connection.query(statement, answerTimeoutMs)).map((row) => Object.values(row).join('\t')).join('\n');
  } finally {
    connection.close();
  }
}
