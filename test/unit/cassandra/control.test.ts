import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { control } from '../../../strategies/datastores/cassandra/control.ts';
import { isSystemRole, keyspaceNameProblem, roleNameProblem, roleReferenceProblem } from '../../../strategies/datastores/cassandra/names.ts';
import { passwordProblem } from '../../../strategies/datastores/cassandra/password.ts';
import { parsePrivileges, privilegeProblem } from '../../../strategies/datastores/cassandra/privileges.ts';
import { sizeServer } from '../../../strategies/datastores/cassandra/sizing.ts';

const track = '5.0';

describe('names', () => {
  it.each(['a', 'Select', 'table', '0', '_', 'a'.repeat(48)])('%j is accepted for a keyspace', (name) => expect(keyspaceNameProblem(name)).toBeNull());
  it.each(['', 'a'.repeat(49), 'a-b', 'a b', 'ä', '"', 'a.b', '../x', 'a\n'])('%j is no name of a keyspace', (name) => expect(keyspaceNameProblem(name)).not.toBeNull());
  it.each(['system', 'SYSTEM', 'system_auth', 'System_New', 'coffer', 'coffer_x'])('%j is no keyspace of a tenant', (name) => expect(keyspaceNameProblem(name)).toMatch(/kept for the system/));
  it('a keyspace may be called root, cassandra or systematic', () => expect(['root', 'cassandra', 'systematic'].map(keyspaceNameProblem)).toEqual([null, null, null]));
  it.each(['a', 'Select', '"', '\\', ' ', '日本', '-x', '💾', 'a/b', 'ß'.repeat(64)])('%j is accepted for a user', (name) => expect(roleNameProblem(name)).toBeNull());
  it.each(['', 'a'.repeat(129), 'ß'.repeat(65), `O'Brien`, 'a\0b', '\u001b[31m', '\ud800'])('%j is no name of a user', (name) => expect(roleNameProblem(name)).not.toBeNull());
  it.each(['coffer', 'COFFER', 'coffer-2', 'root', 'Root', 'cassandra', 'Cassandra'])('%j is no user of a tenant', (name) => expect(roleNameProblem(name)).toMatch(/kept for the system/));
  it('hide nobody but management and root: others with such a name, which root can make, are seen and deleted', async () => {
    expect(['coffer', 'root', 'coffer_x', 'Root', 'cassandra'].map(isSystemRole)).toEqual([true, true, false, false, false]);
    expect(['coffer', 'root'].map(roleReferenceProblem)).toEqual([expect.stringContaining('kept'), expect.stringContaining('kept')]);
    const issues = (name: string) => control.validate({ kind: 'user-ref', track, user: { name } });
    expect([(await issues('coffer_x')).length, (await issues('coffer')).length]).toEqual([0, 1]);
  });
});

describe('judgement', () => {
  it('says which field and what to do', async () => {
    const issues = await control.validate({ kind: 'user', track, user: { name: 'app', host: '%', authDatabase: 'x', grants: [{ database: null, privileges: ['AUTHORIZE', 'select'] }] } });
    expect(issues.map(({ path, message }) => [path.join('.'), /leave it out|must name|make a grant/.test(message)])).toEqual([['host', true], ['authDatabase', true], ['grants.0.database', true], ['grants.0.privileges.0', true]]);
  });
  it('refuses character sets and collations, which keyspaces do not have', async () => {
    const issues = await control.validate({ kind: 'database', track, database: { name: 'a', characterSet: 'latin1', collation: 'x' } });
    expect(issues.map(({ path }) => path.join('.'))).toEqual(['characterSet', 'collation']);
  });
  it('takes one replica, which is what one node can keep', async () => {
    const options = (...pairs: [string, string][]) => control.validate({ kind: 'database', track, database: { name: 'a', options: pairs.map(([name, value]) => ({ name, value })) } });
    expect(await options(['replication', 'SimpleStrategy'], ['replication_factor', '1'], ['durable_writes', 'false'])).toEqual([]);
    expect((await options(['replication_factor', '3'], ['replication', `x'}`], ['speed', '1'])).map(({ path }) => path.join('.'))).toEqual(['options.0.value', 'options.1.value', 'options.2.name']);
  });
  it.each(['', 'a\0', 'a\n', '\ud800', ' a', 'a ', 'a'.repeat(73), 'ß'.repeat(37)])('%j is no password', (password) => expect(passwordProblem(password)).not.toBeNull());
  it('takes passwords up to what is hashed of them', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), (password) => {
      if (passwordProblem(password) === null) expect(Buffer.byteLength(password)).toBeLessThanOrEqual(72);
    }));
  });
});

describe('privileges', () => {
  it.each(['ALL', 'all permissions', 'Select', ' modify ', 'CREATE', 'alter', 'DROP'])('%j is offered', (word) => expect(privilegeProblem(word)).toBeNull());
  it.each(['AUTHORIZE', 'EXECUTE', 'DESCRIBE', 'superuser', 'UNMASK', 'INSERT', '', 'SELECT, MODIFY', 'SELECT ON ALL KEYSPACES TO x --'])('%j is not', (word) => expect(privilegeProblem(word)).not.toBeNull());
  it('nothing named is what an application needs, never the right to give rights', () => expect(parsePrivileges([])).toEqual(['SELECT', 'MODIFY', 'CREATE', 'ALTER', 'DROP']));
});

describe('sizing', () => {
  const size = (memoryMb: number, vcpus = 1) => sizeServer({ track, flavor: { memoryMb, vcpus }, volumeGb: 10 });
  it('leaves a small machine more than its heap', () => expect(size(512)['jvm.heap_mb']).toBe('192'));
  it('gives heap, memtables and connections with the memory, and never the greater part of it to the heap', () => {
    const sizes = [512, 1024, 2048, 8192, 65_536];
    const heaps = sizes.map((memoryMb) => Number(size(memoryMb)['jvm.heap_mb']));
    expect(heaps).toEqual(heaps.toSorted((a, b) => a - b));
    heaps.forEach((heap, index) => expect(heap).toBeLessThanOrEqual(sizes[index]! / 2));
  });
  it('compiles fully and collects beside the program where there are processors for it', () => {
    expect([size(4096, 1), size(4096, 4)].map((one) => [one['jvm.compiler'], one['jvm.collector']])).toEqual([['fast', 'Serial'], ['full', 'G1']]);
  });
});
