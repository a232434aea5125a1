/** The stock client of the engine's own build, as a person uses it: the manifest's connect command, nothing else. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HarnessFacts, HeldClient, Login, StockClient } from '../../../strategies/conformance/index.ts';
import type { Manifest } from '../../../strategies/spi/manifest.ts';
import { withFacts } from '../instance-facts.ts';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';

const answerTimeoutMs = 15_000;

export interface ClientResult { exitCode: number; stdout: string; stderr: string }
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
    run: (login, script, more) => new Promise((resolve, reject) => {
      const child = start(login, more);
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
      child.once('error', reject).once('close', (code) => resolve({ exitCode: code ?? 128, stdout: stdout.trim(), stderr: code === null ? `${stderr}\nno answer` : stderr.trim() }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${script}\n`);
    }),
    async ask(login, script, more) {
      const { exitCode, stdout, stderr } = await client.run(login, script, more);
      if (exitCode !== 0) throw new Error(stderr || `the client ended with code ${exitCode}`);
      return stdout;
    },
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

async function hold(child: ChildProcessWithoutNullStreams): Promise<HeldClient> {
  const lines = createInterface({ input: child.stdout });
  let complaint = '';
  let questions = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
  child.stdin.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ask = async (): Promise<void> => {
    const mark = `answer ${++questions}`;
    const answered = new Promise<'answer'>((resolve) => {
      const onLine = (line: string): void => { if (line === mark) { lines.off('line', onLine); resolve('answer'); } };
      lines.on('line', onLine);
    });
    child.stdin.write(`select '${mark}';\n`);
    const result = await Promise.race([answered, gone.then(() => 'gone'), after(answerTimeoutMs)]);
    if (result !== 'answer') throw new Error(`the client did not answer (${result}): ${complaint.trim()}`);
  };
  await ask();
  return {
    ask,
    // The client notices at its next question.
    async ended(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      while (await ask().then(() => true, () => false)) if (Date.now() > deadline) throw new Error(`the session was not ended within ${timeoutMs} ms`);
    },
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}

const after = (timeoutMs: number): Promise<'silence'> => new Promise((resolve) => { setTimeout(() => resolve('silence'), timeoutMs).unref(); });

/** A statement as management, over the socket; the rows' values, tab-separated. */
export async function askAsManagement(facts: HarnessFacts, statement: string): Promise<string> {
  const connection = await openConnection({ socketPath: join(facts.paths.run, 'server.sock') }, { user: 'coffer', password: facts.managementSecret, database: null }, answerTimeoutMs);
  try {
    return (await connection.query(statement, answerTimeoutMs)).map((row) => Object.values(row).join('\t')).join('\n');
  } finally {
    connection.close();
  }
}
