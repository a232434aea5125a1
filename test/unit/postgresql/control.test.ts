import { describe, expect, it } from 'vitest';
import { control, judge } from '../../../strategies/datastores/postgresql/control.ts';
import { parseCollation, parseLocale } from '../../../strategies/datastores/postgresql/locale.ts';
import { passwordProblem } from '../../../strategies/datastores/postgresql/password.ts';
import { parsePrivileges } from '../../../strategies/datastores/postgresql/privileges.ts';
import { sizeServer } from '../../../strategies/datastores/postgresql/sizing.ts';
import { localeClause } from '../../../strategies/datastores/postgresql/guest/databases.ts';

const track = '17';

describe('judging', () => {
  it('names the field that is wrong', () => {
    expect(judge({ kind: 'database', track, database: { name: 'postgres', characterSet: 'UTF9' } }).map((one) => one.path)).toEqual([['name'], ['characterSet']]);
    expect(judge({ kind: 'user', track, user: { name: 'pg_x', host: '%', grants: [{ database: 'a', privileges: ['SELECT', 'FLY'] }, { database: null, privileges: [] }] } }).map((one) => one.path))
      .toEqual([['name'], ['host'], ['grants', '0', 'privileges', '1'], ['grants', '1', 'database']]);
    expect(judge({ kind: 'grant', track, grant: { database: 'template1', privileges: [] } }).map((one) => one.path)).toEqual([['database']]);
    expect(judge({ kind: 'database-ref', track, name: 'postgres' })).toHaveLength(1);
    expect(judge({ kind: 'user-ref', track, user: { name: 'root' } })).toHaveLength(1);
  });
  it('finds nothing wrong with what works', () => {
    expect(judge({ kind: 'database', track, database: { name: 'shop', characterSet: 'utf8', collation: 'icu:sv-SE' } })).toEqual([]);
    expect(judge({ kind: 'user', track, user: { name: 'ann', grants: [{ database: 'shop', privileges: ['select', 'Temp'] }] } })).toEqual([]);
  });
  it('tells what is wrong with a password, not the password', () => {
    expect(judge({ kind: 'password', track, password: 'correct horse' })).toEqual([]);
    expect(judge({ kind: 'password', track, password: 'horse\u00a0battery' })).toEqual([{ path: [], message: expect.not.stringContaining('battery') as string }]);
  });
  it('offers an endpoint that a client verifies', async () => {
    expect(await control.endpoints({ host: '::1', ports: { postgresql: 5433 } })).toEqual([{ role: 'PRIMARY', host: '::1', port: 5433, tls: true, uri: 'postgresql://[::1]:5433/?sslmode=verify-full' }]);
  });
});

describe('privileges', () => {
  it.each([[[], 'application'], [['ALL'], 'application'], [['all privileges'], 'application'], [['select', 'ALL'], 'application']] as const)('%j is the application set', (words, expected) => {
    expect(parsePrivileges([...words])).toBe(expected);
  });
  it('are told in one order, whatever the order and case asked in', () => {
    expect(parsePrivileges(['temp', 'insert', 'SELECT', 'Insert'])).toEqual(['SELECT', 'INSERT', 'TEMPORARY']);
  });
  it('CREATE is refused with the way to get it', () => {
    expect(judge({ kind: 'grant', track, grant: { database: 'shop', privileges: ['CREATE'] } })[0]?.message).toMatch(/application set/);
  });
});

describe('character sets and collations', () => {
  it.each([
    ['C', { provider: 'c', locale: 'C' }], ['posix', { provider: 'c', locale: 'C' }], ['c.utf8', { provider: 'c', locale: 'C.UTF-8' }],
    ['icu:de-de', { provider: 'icu', locale: 'de-DE' }], ['und-u-ks-level2', { provider: 'icu', locale: 'und-u-ks-level2' }], ['de-u-co-phonebk', { provider: 'icu', locale: 'de-u-co-phonebk' }],
  ])('%s is understood', (text, expected) => expect(parseCollation(text)).toEqual(expected));
  it.each(['en_US.UTF-8', 'de_DE', 'xx-YY', '', 'icu:', "de'; drop", 'de-DE-x\0'])('%j is refused', (text) => expect(parseCollation(text)).toBeNull());
  it('that do not go together are refused', () => {
    expect(parseLocale({ name: 'x', characterSet: 'LATIN1', collation: 'C.UTF-8' })).toMatchObject({ problem: { path: 'collation' } });
    expect(parseLocale({ name: 'x', characterSet: 'SQL_ASCII', collation: 'de' })).toMatchObject({ problem: { path: 'collation' } });
  });
  it('become the clause of each track', () => {
    const parsed = parseLocale({ name: 'x' });
    if ('problem' in parsed) throw new Error('refused');
    expect(localeClause('15', parsed.locale)).toBe("encoding 'UTF8' locale_provider libc locale 'C.UTF-8'");
    expect(localeClause('17', parsed.locale)).toBe("encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C.UTF-8'");
  });
});

describe('passwords', () => {
  it.each(['x', 'correct horse', "'; drop role coffer; --", 'пароль', 'é', '💾', '日本語'])('%j is accepted', (password) => expect(passwordProblem(password)).toBeNull());
  it.each(['', 'a\u00a0b', 'ﬁsh', 'e\u0301', 'a\u00adb', 'a\nb', '\ud800', 'x'.repeat(513)])('%j is refused', (password) => expect(passwordProblem(password)).not.toBeNull());
});

describe('sizing', () => {
  const mb = (text: string | undefined): number => Number(/^(\d+)MB$/.exec(text ?? '')?.[1]);
  it.each([256, 512, 1024, 2048, 4096, 65_536])('of %d MB leaves memory for connections', (memoryMb) => {
    const size = sizeServer({ track, flavor: { vcpus: 2, memoryMb }, volumeGb: 10 });
    const connections = Number(size['max_connections']);
    expect(mb(size['shared_buffers'])).toBeLessThanOrEqual(memoryMb / 4);
    expect(mb(size['shared_buffers']) + connections * mb(size['work_mem'])).toBeLessThan(memoryMb);
    expect(mb(size['maintenance_work_mem'])).toBeLessThanOrEqual(memoryMb / 8);
    expect(connections).toBeGreaterThanOrEqual(30);
  });
  it.each([1, 2, 10, 1000])('of %d GB keeps the log a fraction of the volume', (volumeGb) => {
    const size = sizeServer({ track, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb });
    expect(mb(size['min_wal_size'])).toBeGreaterThanOrEqual(32);
    expect(mb(size['min_wal_size'])).toBeLessThanOrEqual(mb(size['max_wal_size']));
    expect(mb(size['max_wal_size'])).toBeLessThanOrEqual((volumeGb * 1024) / 8);
  });
  it('names only what the track knows', () => {
    const names = (name: string): string[] => Object.keys(sizeServer({ track: name, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1 }));
    expect(names('18')).toContain('io_workers');
    expect(names('17')).not.toContain('io_workers');
  });
});
