/** The `psql` of the engine's own build, as a person uses it: the manifest's connect command, nothing else. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HarnessFacts, HeldClient, Login, StockClient } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/postgresql/manifest.ts';
import { openTls } from '../../../strategies/datastores/postgresql/wire.ts';

const answerTimeoutMs = 15_000;

export interface PsqlResult { exitCode: number; stdout: string; stderr: string }
export interface Psql {
  /** Statements as a script; the first that fails ends it with code 3, as does a refused connection with 2. */
  run(login: Login, script: string, environment?: Record<string, string>): Promise<PsqlResult>;
  /** Standard output, or an error with the server's words. */
  ask(login: Login, script: string, environment?: Record<string, string>): Promise<string>;
  spawn(login: Login, environment?: Record<string, string>): ChildProcessWithoutNullStreams;
}

export function createPsql(facts: HarnessFacts): Psql {
  const fill = (text: string, login: Login): string => text.replace(/\{(\w+)\}/g, (_all, key: string) => ({
    host: facts.host, port: String(facts.ports['postgresql']), user: login.user, password: login.password, caFile: facts.caFile, database: login.database ?? manifest.connect.defaultDatabase ?? '',
  })[key] ?? '');
  const start = (login: Login, environment: Record<string, string> = {}): ChildProcessWithoutNullStreams => {
    const args = [...manifest.connect.args.map((text) => (text === '--host={host}' && environment['PGHOST'] ? `--host=${environment['PGHOST']}` : fill(text, login))), '--no-psqlrc', '--no-password', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1'];
    const connect = Object.fromEntries(Object.entries(manifest.connect.environment).map(([name, text]) => [name, fill(text, login)]));
    return spawn(join(facts.paths.bin, manifest.connect.command), args, { env: { LC_ALL: 'C.UTF-8', PGCONNECT_TIMEOUT: '10', ...connect, ...environment }, stdio: 'pipe' });
  };
  const psql: Psql = {
    spawn: start,
    run: (login, script, environment) => new Promise((resolve, reject) => {
      const child = start(login, environment);
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
      child.once('error', reject).once('close', (code) => resolve({ exitCode: code ?? 128, stdout: stdout.trim(), stderr: stderr.trim() }));
      child.stdin.on('error', () => undefined);
      child.stdin.end(script);
    }),
    async ask(login, script, environment) {
      const { exitCode, stdout, stderr } = await psql.run(login, script, environment);
      if (exitCode !== 0) throw new Error(stderr || `psql ended with code ${exitCode}`);
      return stdout;
    },
  };
  return psql;
}

export function createPsqlClient(facts: HarnessFacts): StockClient {
  const psql = createPsql(facts);
  const table = (name: string): string => `"kit_${name}"`;
  return {
    async write(login, name, value) {
      // As an application's migration does: it looks before it makes. Another name is another table.
      await psql.ask(login, `select to_regclass('${table(name)}') is null as missing \\gset
\\if :missing
  create table ${table(name)} (id serial primary key, value text);
  insert into ${table(name)} (value) values ('${value}');
\\else
  update ${table(name)} set value = '${value}';
\\endif`);
    },
    async read(login, name) {
      const found = await psql.ask(login, `select to_regclass('${table(name)}') is not null as present \\gset
\\if :present
  select 'value=' || value from ${table(name)};
\\endif`);
      return found.startsWith('value=') ? found.slice('value='.length) : null;
    },
    hold: (login) => hold(psql.spawn(login)),
    askWithoutTls: async (login) => { await psql.ask(login, 'select 1', { PGSSLMODE: 'disable' }); },
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
    if (result !== 'answer') throw new Error(`psql did not answer (${result}): ${complaint.trim()}`);
  };
  await ask();
  return {
    ask,
    // psql notices at its next question.
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

export async function presentedSerial(target: { host: string; port: number; caCertificate: string }): Promise<string> {
  const socket = await openTls({ host: target.host, port: target.port, ca: target.caCertificate, signal: AbortSignal.timeout(5_000) });
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
  socket.destroy();
  return serial;
}
