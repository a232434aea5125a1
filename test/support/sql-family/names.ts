/** Every name, password and collation that a control half accepts works in a live server, by the stock client and by the wire. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DatastorePlugin } from '../../../strategies/spi/datastore.ts';
import { type CollationTable, collationsOf } from '../../../strategies/datastores/sql-family/collations.ts';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import type { Server } from './server.ts';

const runs = 25;

export function nameScenarios(server: Server, plugin: DatastorePlugin, track: string, longest: { user: string; database: string }[]): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);
  const accepts = async (user: string, database: string, password: string): Promise<boolean> => (await Promise.all([
    plugin.control.validate({ kind: 'database', track, database: { name: database } }), plugin.control.validate({ kind: 'user', track, user: { name: user, grants: [] } }), plugin.control.validate({ kind: 'password', track, password }),
  ])).flat().length === 0;
  const text = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 32 }), fc.stringMatching(/^['"`\\$%_;:=~. -]{1,12}$/));

  it('as a database, a user and a password', async () => {
    let tried = 0;
    await fc.assert(fc.asyncProperty(text, text, text, async (user, database, password) => {
      if (!(await accepts(user, database, password))) return;
      tried++;
      await call('databases.create', [{ name: database }]);
      await call('users.create', [{ name: user, password, grants: [{ database, privileges: [] }] }]);
      try {
        const { facts } = server.harness;
        const connection = await openConnection({ host: facts.host, port: Object.values(facts.ports)[0] ?? 0, ca: facts.caCertificate }, { user, password, database }, 10_000);
        expect(await connection.query("select substring_index(user(), '@127', 1) as u, database() as d", 5_000)).toEqual([{ u: user, d: database }]);
        connection.close();
        expect(await server.client.ask({ user, password, database }, 'create table `t` (a int); insert into t values (1); select a from t;')).toBe('1');
        expect((await call('users.list', [])).filter((one) => one.name === user)).toEqual([{ name: user, host: '%', grants: [{ database, privileges: ['ALL'] }] }]);
        await call('grants.revoke', [{ name: user }, [database]]);
        await expect(server.client.ask({ user, password, database }, 'select 1;')).rejects.toThrow(/ERROR 1044/);
      } finally {
        await call('users.delete', [{ name: user }]);
        await call('databases.delete', [database]);
      }
    }), { numRuns: runs, seed: 20_261_128, examples: [...longest.map((one): [string, string, string] => [one.user, one.database, 'ü'.repeat(125)]), ["'", '`', "'"], ['\\', '\\', '\\'], ['%', '_', '"'], ['a@b', 'a.b', ' '], ['--', '#sql', '$(id)'], ['x', '#tmp', '💾']] });
    expect(tried).toBeGreaterThan(10);
  });
}

/** Our table against the server's, and one database of each character set. */
export function collationScenarios(server: Server, table: CollationTable, query: string): void {
  it('every character set and collation, no more and no less', async () => {
    const ours = Object.keys(table).flatMap((characterSet) => collationsOf(characterSet, table).map((collation) => `${characterSet}\t${collation}`)).sort();
    expect(ours).toEqual((await server.asManagement(query)).split('\n').sort());
    for (const characterSet of Object.keys(table)) {
      const name = `in_${characterSet}`;
      await server.harness.call('databases.create', [{ name, characterSet }]);
      const [collation] = collationsOf(characterSet, table);
      expect((await server.harness.call('databases.list', [])).find((one) => one.name === name)).toMatchObject({ characterSet, collation });
      await server.harness.call('databases.delete', [name]);
    }
  });
}

/** A server of each size starts with what was asked for. */
export function sizeScenarios(server: Server, plugin: DatastorePlugin, track: string, memory: readonly number[]): void {
  it.each(memory)('a server of %d MB starts with its sizes', async (memoryMb) => {
    const flavor = { vcpus: 2, memoryMb };
    const sizing = await plugin.control.size({ track, flavor, volumeGb: 10 });
    server.harness.resize(flavor, sizing);
    await server.harness.call('configure', []);
    await server.harness.call('stop', ['orderly']);
    await server.harness.call('start', []);
    expect(await server.harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect(await server.asManagement('select @@global.max_connections')).toBe(sizing['max_connections']);
  });
}
