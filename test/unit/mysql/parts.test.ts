import { describe, expect, it } from 'vitest';
import { control } from '../../../strategies/datastores/mysql/control.ts';
import { managementStatements, rootGrants } from '../../../strategies/datastores/mysql/guest/accounts.ts';
import { bootstrapArguments, serverArguments } from '../../../strategies/datastores/mysql/guest/server.ts';
import { isStoredPassword, storedPassword } from '../../../strategies/datastores/mysql/guest/sha-crypt.ts';
import { sizeServer } from '../../../strategies/datastores/mysql/sizing.ts';
import type { ServerContext } from '../../../strategies/datastores/sql-family/guest/dialect.ts';

const track = '9.7';
const paths = { data: '/i/volume/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/p', bin: '/p/usr/bin' };
const ctx: ServerContext = { instanceId: 'inst_1', track, version: '9.7.4', paths, tls: { certificate: '/i/tls/c', key: '/i/tls/k', ca: '/i/tls/ca' }, network: { bind: '127.0.0.1', advertise: 'db', ports: { mysql: 21_500 } }, sizing: {} };
const user = (name: string, host?: string) => control.validate({ kind: 'user', track, user: { name, host, grants: [] } });
const database = (name: string) => control.validate({ kind: 'database', track, database: { name } });

describe('the stored password', () => {
  // Made by a MySQL 9.7.4 server from the password "secret" (CREATE USER … IDENTIFIED BY).
  const made = Buffer.from('244124303041241D365C56645F2B5A333B066A422142283C08317D6F756279644F36394275714C764D2F3669705833696B3133412E3463746B33536437683765327437333836', 'hex');
  it('is the server\'s own', () => {
    expect(isStoredPassword(made, 'secret')).toBe(true);
    expect(isStoredPassword(made, 'Secret')).toBe(false);
    expect(storedPassword('secret', made.subarray(7, 27))).toEqual(made);
  });
  it('is another each time, and holds no $ in its salt', () => {
    const [one, two] = [storedPassword('x'), storedPassword('x')];
    expect(one).not.toEqual(two);
    expect(one).toHaveLength(70);
    expect(one.toString('latin1', 7, 27)).toMatch(/^[./0-9A-Za-z]{20}$/);
  });
  it('of another method proves nothing', () => expect(isStoredPassword(Buffer.from('*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'), 'password')).toBe(false));
});

describe('names', () => {
  it.each(['a', 'ß'.repeat(32), "O'Brien", '%', 'Select', '日本'])('%j is accepted as a user', async (name) => expect(await user(name)).toEqual([]));
  it.each(['', 'a'.repeat(33), '💾', 'a ', 'a\nb', 'root', 'Coffer', 'mysql.sys', 'event_scheduler', '\ud800'])('%j is not', async (name) => expect(await user(name)).toMatchObject([{ path: ['name'] }]));
  it.each(['a', 'ß'.repeat(51), 'a_b', '%', '..', 'a'.repeat(64)])('%j is accepted as a database', async (name) => expect(await database(name)).toEqual([]));
  it.each(['', 'a'.repeat(65), 'ß'.repeat(52), '💾', 'MySQL', 'sys', 'Information_Schema', 'coffer_x', '#mysql50#x'])('%j is not', async (name) => expect(await database(name)).toMatchObject([{ path: ['name'] }]));
  it('a host is judged at its own field', async () => {
    expect(await user('a', '10.0.0.0/8')).toEqual([]);
    expect(await user('a', 'localhost')).toMatchObject([{ path: ['host'] }]);
  });
  it('grants are judged one by one', async () => {
    const issues = await control.validate({ kind: 'user', track, user: { name: 'a', grants: [{ database: null, privileges: [] }, { database: 'shop', privileges: ['SELECT', 'FILE', 'DELETE HISTORY'] }] } });
    expect(issues.map(({ path }) => path.join('.'))).toEqual(['grants.0.database', 'grants.1.privileges.1', 'grants.1.privileges.2']);
  });
});

describe('what Coffer owns', () => {
  it('is on the command line, without a secret', () => {
    expect(serverArguments(ctx)).toEqual(expect.arrayContaining(['--persisted-globals-load=OFF', '--require-secure-transport=ON', '--secure-file-priv=NULL', '--partial-revokes=ON', '--mysqlx=OFF', '--local-infile=OFF', '--gtid-mode=ON', '--port=21500', '--socket=/i/run/server.sock']));
  });
  it('has no network while it initialises, and no password made up', () => {
    const args = bootstrapArguments(ctx, '/d', '/f');
    expect(args).toContain('--initialize-insecure');
    expect(args.filter((one) => /port|bind|socket/.test(one))).toEqual([]);
  });
  it('numbers its servers apart', () => {
    const idOf = (instanceId: string): string | undefined => serverArguments({ ...ctx, instanceId }).find((one) => one.startsWith('--server-id='));
    expect(idOf('inst_1')).not.toBe(idOf('inst_2'));
  });
  it('holds the secret nowhere in the clear', () => expect(managementStatements('s3cret-text').join('\n')).not.toContain('s3cret-text'));
  it('closes every system database to root', () => {
    const grants = rootGrants({ name: 'root', host: '%' }).join('\n');
    for (const name of ['mysql', 'sys', 'performance_schema', 'coffer']) expect(grants).toMatch(new RegExp(`revoke .*INSERT.* on \`${name}\``));
    expect(grants).not.toMatch(/FILE|SUPER|SHUTDOWN|RELOAD|SYSTEM_|CONNECTION_ADMIN|ROLE_ADMIN/);
  });
});

describe('sizes', () => {
  const size = (memoryMb: number, vcpus = 2) => sizeServer({ track, flavor: { vcpus, memoryMb }, volumeGb: 10 });
  it.each([512, 1024, 2048, 8192, 65_536, 262_144])('of %d MB fit, in whole chunks', (memoryMb) => {
    const sizes = size(memoryMb, 32);
    const [pool, chunk, instances] = ['innodb_buffer_pool_size', 'innodb_buffer_pool_chunk_size', 'innodb_buffer_pool_instances'].map((name) => Number(sizes[name]));
    expect(pool! % (chunk! * instances!)).toBe(0);
    expect(pool!).toBeLessThan(memoryMb * 1024 ** 2 * 0.75);
  });
  it('have the performance schema from 2 GB on', () => expect([size(1024)['performance_schema'], size(2048)['performance_schema']]).toEqual(['OFF', 'ON']));
});
