/** Every name and password the control half accepts works in a live server with the driver; every flavor starts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../strategies/datastores/mongodb/control.ts';
import { sizeServer } from '../../../strategies/datastores/mongodb/sizing.ts';
import { useServer } from '../../e2e/mongodb/server.ts';

const track = '6.0';
const runs = 40;

describe('what is accepted works', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const text = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }), fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 63 }), fc.stringMatching(/^['"\\$%;:=,~ -]{1,12}$/));
  const accepted = (proposals: Parameters<typeof judge>[0][]): boolean => proposals.flatMap(judge).length === 0;

  it('as a user and a password', async () => {
    const cases = fc.record({ name: text, password: text }).filter(({ name, password }) => accepted([{ kind: 'user', track, user: { name, grants: [] } }, { kind: 'password', track, password }]));
    await fc.assert(fc.asyncProperty(cases, async ({ name, password }) => {
      await call('users.create', [{ name, password, grants: [{ database: 'shop', privileges: [] }] }]);
      try {
        const login = { user: name, password, database: 'shop' };
        expect((await server.driver.as(login, (client) => client.db('shop').command({ connectionStatus: 1 })))['authInfo'].authenticatedUsers).toEqual([{ user: name, db: 'admin' }]);
        expect((await call('users.list', [])).filter((user) => user.name === name)).toEqual([{ name, authDatabase: 'admin', grants: [{ database: 'shop', privileges: ['readWrite'] }] }]);
        await call('users.update', [{ name }, { password: `${password}2` }]);
        await server.driver.as({ ...login, password: `${password}2` }, (client) => client.db('shop').command({ find: 'goods' }));
      } finally {
        await call('users.delete', [{ name }]);
      }
    }), { numRuns: runs, seed: 20_261_128, examples: [[{ name: '"', password: "'" }], [{ name: 'a=b,c', password: 'x=y,z=' }], [{ name: 'ß'.repeat(64), password: ' ' }], [{ name: 'admin.a', password: 'пароль中文한글かな' }], [{ name: '💾 \\', password: 'é'.repeat(200) }]] });
    expect(await call('users.list', [])).toEqual([]);
  });

  it('as a database', async () => {
    const names = text.map((name) => name.replaceAll(/[/\\. "$]/g, '_')).filter((name) => accepted([{ kind: 'database', track, database: { name } }]));
    await server.user('maker', {});
    await fc.assert(fc.asyncProperty(names, async (name) => {
      await call('databases.create', [{ name }]);
      try {
        await call('grants.grant', [{ name: 'maker' }, [{ database: name, privileges: [] }]]);
        expect(await server.ask('maker', name, { insert: 'goods', documents: [{}] })).toMatchObject({ n: 1 });
        expect((await call('databases.list', [])).map((database) => database.name)).toContain(name);
        expect((await call('users.list', []))[0]?.grants).toEqual([{ database: name, privileges: ['readWrite'] }]);
      } finally {
        await call('databases.delete', [name]);
      }
    }), { numRuns: runs, seed: 20_261_128, examples: [["'"], ['~-'], ['x'.repeat(63)], ['ß'.repeat(31)], ['💾'], ['*<>:|?'], ['%2F..'.replaceAll('.', '')], ['test']] });
  });

  it.each([512, 1024, 2048, 4096])('a server of %d MB starts with its sizes', async (memoryMb) => {
    const flavor = { vcpus: 2, memoryMb };
    server.harness.resize(flavor, sizeServer({ track, flavor, volumeGb: 20 }));
    await call('configure', []);
    await call('stop', ['orderly']);
    await call('start', []);
    expect(await call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect(await call('probe', [])).toMatchObject({ state: 'ok' });
  });
});
