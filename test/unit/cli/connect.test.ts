import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFilesFolder, withClientFiles } from '../../../cli/connect/client-files.ts';
import type { ConnectSpec } from '../../../cli/connect/connect-spec.ts';
import { needsPassword, planConnection, refuseAuthDatabase, shellLine, withPassword } from '../../../cli/connect/plan.ts';
import { findClientProgram } from '../../../cli/connect/client-program.ts';
import { foreignEnvironment } from '../../../cli/connect/run-client.ts';
import { manifest as cassandra } from '../../../strategies/datastores/cassandra/manifest.ts';
import { manifest as mongodb } from '../../../strategies/datastores/mongodb/manifest.ts';
import { manifest as postgresql } from '../../../strategies/datastores/postgresql/manifest.ts';
import { manifest as redis } from '../../../strategies/datastores/redis/manifest.ts';
import type { ConnectSpec as ManifestSpec } from '../../../strategies/spi/manifest.ts';

const specOf = (spec: ManifestSpec): ConnectSpec =>
  ({ command: spec.command, install: spec.install ?? null, args: [...spec.args], environment: Object.entries(spec.environment).map(([name, value]) => ({ name, value })), files: Object.entries(spec.files ?? {}).map(([name, content]) => ({ name, content })), defaultDatabase: spec.defaultDatabase ?? null, defaultAuthDatabase: spec.defaultAuthDatabase ?? null, clientFolder: null });
const values = { host: '127.0.0.1', port: 24000, user: 'app', authDatabase: null, database: null, caFile: '/cache/ca.pem', filesFolder: '/run/me/x' };

describe('what connect runs', () => {
  it('is what the manifest of an engine with databases says, TLS verified', () => {
    const plan = planConnection(specOf(postgresql.connect), { ...values, database: 'shop' }, ['-c', 'select 1']);
    expect(plan).toMatchObject({ command: 'psql', args: ['--host=127.0.0.1', '--port=24000', '--username=app', '-c', 'select 1'] });
    expect(plan.environment).toMatchObject({ PGDATABASE: 'shop', PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/cache/ca.pem' });
  });
  it('takes the usual database where none is named', () => {
    expect(planConnection(specOf(postgresql.connect), values).environment).toHaveProperty('PGDATABASE', postgresql.connect.defaultDatabase);
  });
  it('is what the manifest of an engine without databases says', () => {
    expect(planConnection(specOf(redis.connect), values).args).toEqual(['-h', '127.0.0.1', '-p', '24000', '--tls', '--cacert', '/cache/ca.pem', '--user', 'app']);
    expect(() => planConnection(specOf(redis.connect), { ...values, database: 'x' })).toThrow(/has none/);
  });
  it('says where the user logs in, the usual place when that is not known', () => {
    expect(planConnection(specOf(mongodb.connect), { ...values, authDatabase: 'shop' }).args).toContain('--authenticationDatabase=shop');
    expect(planConnection(specOf(mongodb.connect), values).args).toContain('--authenticationDatabase=admin');
    expect(planConnection({ ...specOf(mongodb.connect), defaultAuthDatabase: null }, values).args.join(' ')).not.toContain('authenticationDatabase');
    expect(() => refuseAuthDatabase(specOf(postgresql.connect))).toThrow(/cannot be chosen/);
    expect(() => refuseAuthDatabase(specOf(mongodb.connect))).not.toThrow();
  });
  it('never has the password on the command line, and shows it to nobody', () => {
    const plan = planConnection(specOf(postgresql.connect), values);
    expect(JSON.stringify([plan.args, plan.environment])).not.toContain('assword}');
    expect(withPassword(plan, 'p$&{user}')).toEqual({ PGPASSWORD: 'p$&{user}' });
    expect(() => planConnection({ ...specOf(redis.connect), args: ['-a', '{password}'] }, values)).toThrow(/command line/);
  });
  it('fills each place once: a user whose name looks like a place stays that', () => {
    expect(planConnection(specOf(redis.connect), { ...values, user: '{port}' }).args.at(-1)).toBe('{port}');
  });
  it('waits for a certificate and does not go without', () => {
    expect(() => planConnection(specOf(postgresql.connect), { ...values, caFile: null })).toThrow(expect.objectContaining({ exitCode: 4 }));
  });
  it('can be pasted into a shell', () => {
    expect(shellLine({ command: 'client', args: ['--user', 'o\'brien; rm -rf /', ''], environment: { CA: '/a b' }, secretEnvironment: { PW: '{password}' }, files: {} }))
      .toBe(String.raw`CA='/a b' client --user 'o'\''brien; rm -rf /' ''`);
  });
  it('names the files of a client that reads its password from one, and shows the password to nobody', () => {
    const plan = planConnection(specOf(cassandra.connect), { ...values, user: '{file:credentials}', database: 'shop' });
    expect(plan.args).toEqual(['--ssl', '--username={file:credentials}', '--credentials=/run/me/x/credentials', '--keyspace=shop', '127.0.0.1', '24000']);
    expect(plan.files).toEqual({ credentials: '[plain_text_auth]\npassword = {password}\n' });
    expect([needsPassword(plan), needsPassword({ ...plan, files: {} })]).toEqual([true, false]);
    expect(planConnection(specOf(cassandra.connect), { ...values, filesFolder: null }).args).toContain('--credentials={file:credentials}');
  });
  it('has the files for their owner alone, and no longer than the client runs', async () => {
    const folder = newFilesFolder({ XDG_RUNTIME_DIR: tmpdir() });
    const plan = planConnection(specOf(cassandra.connect), { ...values, filesFolder: folder });
    const seen = withClientFiles(plan, folder, 'p$&%w', async () => {
      const path = join(folder, 'credentials');
      expect([statSync(folder).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
      expect(readFileSync(path, 'utf8')).toContain('password = p$&%w\n');
      throw new Error('the client ended badly');
    });
    await expect(seen).rejects.toThrow('ended badly');
    expect(existsSync(folder)).toBe(false);
  });
  it('hands nothing of this program to the client', () => {
    expect(foreignEnvironment({ COFFER_TOKEN: 's', COFFER_PASSWORD: 's', PATH: '/bin' })).toEqual({ PATH: '/bin' });
  });
});

describe('a client program that is not on the machine', () => {
  const find = (install: string | null) => findClientProgram({ command: 'no-such-client', install, clientFolder: null }, { PATH: '/nowhere' }, 'engine://db:1');
  it('is told with how to get it, where the plugin says so', async () => {
    await expect(find('apt install it')).rejects.toMatchObject({ code: 'CLIENT.NO_PROGRAM', details: { remedy: expect.stringMatching(/^Install it \(apt install it\), or use another client with engine:\/\/db:1\n/) as string } });
    await expect(find(null)).rejects.toMatchObject({ details: { remedy: expect.stringMatching(/^Install it, or use another client/) as string } });
  });
});
