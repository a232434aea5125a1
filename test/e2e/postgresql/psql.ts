/** The `psql` of the engine's own build, as a person uses it: the manifest's connect command, nothing else. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { HarnessFacts, Login, StockClient } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/postgresql/manifest.ts';
import { openTls } from '../../../strategies/datastores/postgresql/wire.ts';
import { type ClientResult, hold, outputOf, runScript } from '../../support/script-client.ts';

export interface Psql {
  /** Statements as a script; the first that fails ends it with code 3, as does a refused connection with 2. */
  run(login: Login, script: string, environment?: Record<string, string>): Promise<ClientResult>;
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
    run: (login, script, environment) => runScript(start(login, environment), script),
    ask: async (login, script, environment) => outputOf(await psql.run(login, script, environment)),
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

export async function presentedSerial(target: { host: string; port: number; caCertificate: string }): Promise<string> {
  const socket = await openTls({ host: target.host, port: target.port, ca: target.caCertificate, signal: AbortSignal.timeout(5_000) });
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
  socket.destroy();
  return serial;
}
