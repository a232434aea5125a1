import { describe, expect, it } from 'vitest';
import { control, judge } from '../../../strategies/datastores/mongodb/control.ts';
import { isSystemDatabase, isSystemUser } from '../../../strategies/datastores/mongodb/names.ts';
import { managementPrivileges, rootPrivileges, roleProblem, rolesOf } from '../../../strategies/datastores/mongodb/roles.ts';
import { sizeServer } from '../../../strategies/datastores/mongodb/sizing.ts';

const track = '6.0';
const database = (name: string, extra: object = {}) => judge({ kind: 'database', track, database: { name, ...extra } });
const user = (name: string, extra: object = {}) => judge({ kind: 'user', track, user: { name, grants: [], ...extra } });
const password = (text: string) => judge({ kind: 'password', track, password: text });

describe('names of databases', () => {
  it.each(['shop', "O'Brien", 'a-:b', 'x'.repeat(63), 'データ', '*<>:|?', '💾'])('%j is taken', (name) => expect(database(name)).toEqual([]));
  it.each([['', /empty/], ['x'.repeat(64), /64 bytes/], ['ß'.repeat(32), /64 bytes/], ['a/b', /\//], ['a\\b', /\\/], ['a.b', /\./], ['a b', /space/], ['a"b', /"/], ['a$b', /\$/], ['-x', /mongosh/], ['x:1', /mongosh/], ['a\0b', /control/], ['\ud800', /well-formed/], ['admin', /kept/], ['Local', /kept/], ['CONFIG', /kept/]])('%j is not, with the reason', (name, reason) => {
    expect(database(name)).toEqual([{ path: ['name'], message: expect.stringMatching(reason) }]);
    expect(judge({ kind: 'database-ref', track, name })).toHaveLength(1);
  });
  it('come without character set and collation', () => {
    expect(database('shop', { characterSet: 'latin1', collation: 'de' }).map(({ path }) => path)).toEqual([['characterSet'], ['collation']]);
  });
});

describe('names of users', () => {
  it.each(['ann', 'a.b', 'a b"c$', 'x'.repeat(128), 'a=b,c'])('%j is taken', (name) => expect(user(name)).toEqual([]));
  it.each([['', /empty/], ['x'.repeat(129), /129 bytes/], ['a==b', /more than one =/], ['a,b,', /comma/], ['root', /kept/], ['COFFER', /kept/], ['coffer_x', /kept/], ['__system', /kept/], ['a\nb', /control/]])('%j is not, with the reason', (name, reason) => {
    expect(user(name)).toEqual([{ path: ['name'], message: expect.stringMatching(reason) }]);
  });
  it('go with a database of their own, never the system\'s', () => {
    expect(user('ann', { authDatabase: 'shop' })).toEqual([]);
    expect(user('ann', { authDatabase: 'admin' })).toEqual([]);
    for (const authDatabase of ['local', '$external', 'a.b']) expect(user('ann', { authDatabase })).toEqual([{ path: ['authDatabase'], message: expect.any(String) }]);
    expect(user('ann', { host: '%' })).toEqual([{ path: ['host'], message: expect.stringMatching(/no host/) }]);
  });
  it('are the system\'s whatever their case', () => {
    expect(['Root', 'CofferX', '__SYSTEM'].every(isSystemUser)).toBe(true);
    expect(['rooted', 'my_coffer'].some(isSystemUser)).toBe(false);
    expect(isSystemDatabase('Admin')).toBe(true);
  });
});

describe('passwords', () => {
  it.each(['simple', ' ', '~!@#$%^&*()', 'größer', 'пароль', '中文', '한글', 'かな'])('%j is taken', (text) => expect(password(text)).toEqual([]));
  it.each(['', 'tab\t', 'no\u00a0break', '💾', 'ﬁ', 'e\u0301', 'שלום', 'x'.repeat(513), '\u200b'])('%j is not', (text) => {
    expect(password(text)).toEqual([{ path: [], message: expect.not.stringContaining(text || 'never') }]);
  });
});

describe('grants', () => {
  const grant = (given: { database: string | null; privileges: string[] }) => judge({ kind: 'grant', track, grant: given });
  it('name a database and roles on offer', () => {
    expect(grant({ database: 'shop', privileges: ['read', 'dbAdmin'] })).toEqual([]);
    expect(grant({ database: null, privileges: [] })).toEqual([{ path: ['database'], message: expect.stringMatching(/must name/) }]);
    expect(grant({ database: 'admin', privileges: ['readWriteAnyDatabase'] }).map(({ path }) => path)).toEqual([['database'], ['privileges', '0']]);
    expect(judge({ kind: 'user', track, user: { name: 'ann', grants: [{ database: 'shop', privileges: ['nothing'] }] } })).toEqual([{ path: ['grants', '0', 'privileges', '0'], message: expect.stringMatching(/read, readWrite, dbAdmin/) }]);
  });
  it('never include the administration of users', () => {
    for (const role of ['userAdmin', 'dbOwner', 'root', 'userAdminAnyDatabase']) expect(roleProblem(role)).toMatch(/administration of users/);
  });
  it('are what an application needs when nothing is named', () => {
    expect(rolesOf([])).toEqual(['readWrite']);
    expect(rolesOf(['read', 'read'])).toEqual(['read']);
  });
});

describe('the two roles of Coffer\'s own', () => {
  const actionsOf = (privileges: typeof rootPrivileges): string[] => privileges.flatMap(({ actions }) => actions);
  it('management has no right to anybody\'s documents', () => {
    const inData = managementPrivileges.filter(({ resource }) => !('cluster' in resource) && resource.collection !== 'system.users');
    expect(actionsOf(inData).filter((action) => ['find', 'insert', 'update', 'remove'].includes(action))).toEqual([]);
  });
  it('root has nothing of users, roles and the server', () => {
    expect(actionsOf(rootPrivileges).filter((action) => /user|role|password|shutdown|replSet|param|kill(op|Any)|any|internal|fsync|log$|hostInfo|profiler|inprog/i.test(action))).toEqual([]);
  });
});

describe('the rest', () => {
  it('points applications to the set, TLS on', async () => {
    expect(await control.endpoints({ host: '10.0.0.5', ports: { mongodb: 24001 } })).toEqual([{ role: 'PRIMARY', host: '10.0.0.5', port: 24001, tls: true, uri: 'mongodb://10.0.0.5:24001/?tls=true&replicaSet=rs0&authSource=admin' }]);
    expect((await control.endpoints({ host: '::1', ports: { mongodb: 1 } }))[0]?.uri).toContain('[::1]:1/');
  });
  it('sizes small servers small', () => {
    expect(sizeServer({ track, flavor: { vcpus: 1, memoryMb: 512 }, volumeGb: 1 })).toEqual({
      'storage.wiredTiger.engineConfig.cacheSizeGB': '0.25', 'net.maxIncomingConnections': '128', 'replication.oplogSizeMB': '51',
      'storage.wiredTiger.engineConfig.configString': 'log=(file_max=16MB,prealloc=false)', 'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes': String(8 * 1024 ** 2), 'setParameter.internalDocumentSourceGroupMaxMemoryBytes': String(8 * 1024 ** 2),
      'setParameter.tcmallocMaxTotalThreadCacheBytes': String(32 * 1024 ** 2),
    });
    expect(sizeServer({ track, flavor: { vcpus: 4, memoryMb: 4096 }, volumeGb: 100 })).toMatchObject({ 'storage.wiredTiger.engineConfig.cacheSizeGB': '1.875', 'replication.oplogSizeMB': '5120', 'storage.wiredTiger.engineConfig.configString': 'log=(file_max=100MB,prealloc=false)' });
  });
});
