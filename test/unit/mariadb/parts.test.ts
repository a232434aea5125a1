import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueOf } from '../../../strategies/datastores/mariadb/catalogue/index.ts';
import { control } from '../../../strategies/datastores/mariadb/control.ts';
import { managementStatements, rootGrants, storedPassword } from '../../../strategies/datastores/mariadb/guest/accounts.ts';
import { bootstrapArguments, serverArguments } from '../../../strategies/datastores/mariadb/guest/server.ts';
import { databaseOfPattern, grantPattern, reaches } from '../../../strategies/datastores/mariadb/rules.ts';
import { sizeServer } from '../../../strategies/datastores/mariadb/sizing.ts';
import type { ServerContext } from '../../../strategies/datastores/sql-family/guest/dialect.ts';

const track = '11.8';
const paths = { data: '/i/volume/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/p', bin: '/p/usr/bin' };
const ctx: ServerContext = { instanceId: 'inst_1', track, version: '11.8.9', paths, tls: { certificate: '/i/tls/c', key: '/i/tls/k', ca: '/i/tls/ca' }, network: { bind: '127.0.0.1', advertise: 'db', ports: { mariadb: 21_520 } }, sizing: {} };
const user = (name: string, host?: string) => control.validate({ kind: 'user', track, user: { name, host, grants: [] } });
const database = (name: string) => control.validate({ kind: 'database', track, database: { name } });

describe('a database in a grant', () => {
  it('is no pattern, and is read back', () => {
    expect(grantPattern(String.raw`a_b%\c`)).toBe(String.raw`a\_b\%\\c`);
    fc.assert(fc.property(fc.stringMatching(/^[a-c\\_%é日]{0,20}$/), (name) => {
      expect(databaseOfPattern(grantPattern(name))).toBe(name);
      expect(grantPattern(name).replaceAll(/\\[\\_%]/g, '')).not.toMatch(/[\\_%]/);
      expect(reaches(grantPattern(name), name)).toBe(true);
    }));
  });
  it('made by hand, reaches whatever it matches', () => {
    for (const pattern of ['mysql', '%', 'mysq_', 'm%', '%sql', '_y_q_', String.raw`\mysql`]) expect(reaches(pattern, 'mysql')).toBe(true);
    for (const pattern of ['', 'mysq', 'MYSQL', 'mysql_', String.raw`\%`, String.raw`mysq\_`, 'm.*', 'sql']) expect(reaches(pattern, 'mysql')).toBe(false);
  });
});

describe('names', () => {
  it.each(['a', 'ß'.repeat(80), "O'Brien", '%', 'Select', 'mysql.sys'])('%j is accepted as a user', async (name) => expect(await user(name)).toEqual([]));
  it.each(['', 'a'.repeat(81), '💾', 'a ', 'root', 'Coffer', 'mariadb.sys', 'PUBLIC', 'none'])('%j is not', async (name) => expect(await user(name)).toMatchObject([{ path: ['name'] }]));
  it.each(['a', 'a_b', '%', '..', 'a'.repeat(64), '_'.repeat(32)])('%j is accepted as a database', async (name) => expect(await database(name)).toEqual([]));
  it('what would be too long in a grant is refused, with the reason', async () => expect(await database(`${'a'.repeat(63)}_`)).toMatchObject([{ path: ['name'], message: expect.stringContaining('count twice') as string }]));
  it('a network has its mask written out', async () => {
    expect(await user('a', '10.0.0.0/255.0.0.0')).toEqual([]);
    expect(await user('a', '10.0.0.0/8')).toMatchObject([{ path: ['host'] }]);
  });
  it('privileges are those of the track', async () => {
    const issues = (name: string) => control.validate({ kind: 'grant', track: name, grant: { database: 'shop', privileges: ['DELETE HISTORY', 'SHOW CREATE ROUTINE'] } });
    expect([(await issues('10.11')).length, (await issues('11.8')).length]).toEqual([1, 0]);
  });
});

describe('what Coffer owns', () => {
  it('is on the command line, without a secret', () => {
    expect(serverArguments(ctx)).toEqual(expect.arrayContaining(['--require-secure-transport=ON', '--unix-socket=OFF', '--local-infile=OFF', '--symbolic-links=OFF', '--gtid-strict-mode=ON', '--port=21520']));
  });
  it('has no network while it initialises', () => expect(bootstrapArguments(ctx, '/d').filter((one) => /^--(port|bind|socket)/.test(one))).toEqual([]));
  it('keeps passwords as the server does', () => {
    expect(storedPassword('password')).toBe('*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19');
    expect(managementStatements('s3cret-text', track).join('\n')).not.toContain('s3cret-text');
  });
  it('gives root nothing that reaches the system\'s tables or may be passed on', () => {
    const grants = rootGrants({ name: 'root', host: '%' }, track);
    expect(grants.join('\n')).not.toMatch(/SUPER|FILE|RELOAD|CREATE USER|grant option|CONNECTION ADMIN/i);
    expect(grants.filter((one) => one.includes('`mysql`'))).toEqual(["grant SHOW VIEW on `mysql`.* to 'root'@'%'"]);
    // The narrow rights come first: at no time does the wide one stand alone.
    expect(grants.at(-1)).toContain('`%`');
  });
});

describe('sizes', () => {
  it.each([256, 512, 1024, 8192, 65_536])('of %d MB fit', (memoryMb) => {
    const sizes = sizeServer({ track, flavor: { vcpus: 2, memoryMb }, volumeGb: 10 });
    expect(Number(sizes['innodb_buffer_pool_size'])).toBeLessThan(memoryMb * 1024 ** 2 * 0.75);
  });
  it.each([256, 1024, 65_536])('of %d MB keep no more threads than the fewest connections of a group: the server would cut their number, as if by hand', async (memoryMb) => {
    const fewest = (await catalogueOf(track)).find(({ name }) => name === 'max_connections')!.min!;
    expect(Number(sizeServer({ track, flavor: { vcpus: 2, memoryMb }, volumeGb: 10 })['thread_cache_size'])).toBeLessThanOrEqual(fewest);
  });
  it('bound the binary log as a whole where the track can', () => {
    const size = (name: string) => sizeServer({ track: name, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1 });
    expect([size('10.11')['max_binlog_total_size'], size('11.8')['max_binlog_total_size']]).toEqual([undefined, String(204 * 1024 ** 2)]);
  });
});
