/** Every name and password the control half accepts works in a live server, by driver and by psql; every flavor starts. */
import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../strategies/datastores/postgresql/control.ts';
import { sizeServer } from '../../../strategies/datastores/postgresql/sizing.ts';
import { identityCheck } from '../../../strategies/datastores/postgresql/wire.ts';
import { useServer } from '../../e2e/postgresql/server.ts';

const track = '17';
const runs = 25;

describe('what is accepted works', () => {
  const server = useServer(track);
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const accepts = (name: string, password: string): boolean =>
    [judge({ kind: 'database', track, database: { name } }), judge({ kind: 'user', track, user: { name, grants: [] } }), judge({ kind: 'password', track, password })].flat().length === 0;
  const text = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 63 }), fc.stringMatching(/^['"\\$%;:=~ -]{1,12}$/));

  it('as a database, a user and a password', async () => {
    const cases = fc.record({ name: text, password: text }).filter(({ name, password }) => accepts(name, password));
    await fc.assert(fc.asyncProperty(cases, async ({ name, password }) => {
      await call('databases.create', [{ name }]);
      await call('users.create', [{ name, password, grants: [{ database: name, privileges: [] }] }]);
      try {
        const { facts } = server.harness;
        const client = new pg.Client({ host: facts.host, port: facts.ports['postgresql']!, user: name, password, database: name, ssl: { ca: facts.caCertificate, checkServerIdentity: identityCheck(facts.host) } });
        await client.connect();
        expect((await client.query<{ u: string; d: string }>('select session_user as u, current_database() as d')).rows).toEqual([{ u: name, d: name }]);
        await client.end();
        expect(await server.psql.ask({ user: name, password, database: name }, 'select 1')).toBe('1');
        expect((await call('users.list', [])).filter((user) => user.name === name)).toEqual([{ name, grants: [{ database: name, privileges: ['ALL'] }] }]);
        await call('grants.grant', [{ name }, [{ database: name, privileges: ['SELECT'] }]]);
      } finally {
        await call('users.delete', [{ name }]);
        await call('databases.delete', [name]);
      }
    }), { numRuns: runs, seed: 20_261_120, examples: [[{ name: '"', password: "'" }], [{ name: '\\', password: '\\' }], [{ name: 'ß'.repeat(31), password: '💾' }], [{ name: 'x'.repeat(63), password: ' ' }]] });
    expect(await server.asManagement("select count(*) from pg_roles where rolname ~ '^coffer_' and rolname not in ('coffer_groups', 'coffer_own_shop')")).toBe('0');
  });

  it.each([256, 512, 1024, 2048, 4096])('a server of %d MB starts with its sizes', async (memoryMb) => {
    const flavor = { vcpus: 2, memoryMb };
    const sizing = sizeServer({ track, flavor, volumeGb: 10 });
    server.harness.resize(flavor, sizing);
    await call('configure', []);
    await call('stop', ['orderly']);
    await call('start', []);
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect(await server.asManagement('show max_connections')).toBe(sizing['max_connections']);
  });
});
