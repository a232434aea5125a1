/** No tenant, root included, reaches the host or becomes the management role. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { attacks } from './attacks.ts';
import { harnessOptions } from './fixture.ts';
import { createPsql, type Psql } from './psql.ts';

/** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
const refusal = /permission denied|must be superuser|must be owner|must be able to SET ROLE|must have|only superuser|Only roles|not allowed|cannot be executed|access to library|non-superusers?|must inherit|cannot be granted|cannot grant|restricted|needs? to be|cannot assign|ADMIN option|terminate process|admin option|required by the database system|must be member of|must be a superuser|explicit members/i;
const password = 'Attack-password-1';

describe.each(['15', '17', '18'])('on %s', (track) => {
  let harness: GuestHarness;
  let psql: Psql;
  const login = (user: string, database = 'shop'): Login => ({ user, password, database });
  const user = (name: string, databases: string[]) => harness.call('users.create', [{ name, password, grants: databases.map((database) => ({ database, privileges: [] })) }]);

  beforeAll(async () => {
    harness = await createProcessHarness(harnessOptions(track));
    psql = createPsql(harness.facts);
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('databases.create', [{ name: 'shop' }]);
    await user('user', ['shop']);
    await user('outsider', []);
    await harness.call('root.enable', [password]);
  });
  afterAll(() => harness?.dispose());

  it.each(attacks.filter((attack) => attack.tracks?.includes(track) ?? true).map((attack) => [attack.who, attack.title, attack] as const))('%s: %s is refused', async (_who, _title, attack) => {
    const script = `${attack.who === 'root' ? 'set role none; ' : ''}begin; ${attack.sql}; commit;`.replace(/begin; (alter system|create (database|tablespace|subscription)|drop database|load)/, '$1').replace(/; commit;$/, ';');
    const result = await psql.run(login(attack.who, attack.database), script);
    expect(result.stderr).toMatch(refusal);
    expect(result.exitCode).not.toBe(0);
    expect(existsSync('/tmp/coffer-attack')).toBe(false);
  });

  it('management is not let in over TCP, its secret known', async () => {
    const coffer = { user: 'coffer', password: harness.facts.managementSecret, database: 'postgres' };
    for (const mode of ['verify-full', 'disable']) {
      await expect(psql.ask(coffer, 'select 1', { PGSSLMODE: mode })).rejects.toThrow(/pg_hba.conf rejects connection/);
    }
  });
  it('the socket admits management only, and only with its secret', async () => {
    const overSocket = { PGHOST: harness.facts.paths.run };
    const script = 'select 1';
    const { execFile } = await import('node:child_process');
    const tryIt = (name: string, secret: string): Promise<string> => new Promise((resolve) => {
      execFile(`${harness.facts.paths.bin}/psql`, ['-U', name, '-d', 'postgres', '-h', overSocket.PGHOST, '-p', String(harness.facts.ports['postgresql']), '-w', '-Atc', script], { env: { PGPASSWORD: secret } }, (_error, stdout, stderr) => resolve(stdout.trim() || stderr));
    });
    expect(await tryIt('coffer', harness.facts.managementSecret)).toBe('1');
    expect(await tryIt('coffer', 'not the secret')).toMatch(/password authentication failed/);
    expect(await tryIt('root', password)).toMatch(/pg_hba.conf rejects connection/);
    expect(await tryIt('user', password)).toMatch(/pg_hba.conf rejects connection/);
  });
  it('no replication connection is possible', async () => {
    const { execFile } = await import('node:child_process');
    const target = `host=${harness.facts.host} port=${harness.facts.ports['postgresql']} user=root dbname=shop replication=true sslmode=verify-full sslrootcert=${harness.facts.caFile}`;
    const told = await new Promise<string>((resolve) => { execFile(`${harness.facts.paths.bin}/psql`, ['-d', target, '-w', '-Atc', 'IDENTIFY_SYSTEM'], { env: { PGPASSWORD: password } }, (_e, stdout, stderr) => resolve(stdout + stderr)); });
    expect(told).toMatch(/no pg_hba.conf entry for replication/);
  });
  it('and after all of it, management is whole and nobody else is more than before', async () => {
    expect(await harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    const powers = await psql.ask(login('root', 'postgres'), "select string_agg(rolname, ',') from pg_roles where rolsuper or rolreplication or rolbypassrls");
    expect(powers).toBe('coffer');
    expect((await harness.call('users.list', [])).map((one) => one.name)).toEqual(['outsider', 'user']);
  });
});
