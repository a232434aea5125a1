import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { databaseNameProblem, maxNameBytes, nameProblem, roleNameProblem } from '../../../strategies/datastores/postgresql/names.ts';
import { groupName, parseGroupName, suffixFor } from '../../../strategies/datastores/postgresql/guest/group-names.ts';
import { privilegeKinds } from '../../../strategies/datastores/postgresql/privileges.ts';

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');
const acceptedName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 63 }).filter((name) => nameProblem(name) === null);

describe('names', () => {
  it.each(['a', 'Select', 'user', "O'Brien", '"', '\\', 'ß'.repeat(31), 'a'.repeat(63), '日本', ' ', 'a=b', '-x', '💾'])('%j is accepted for databases and roles', (name) => {
    expect([databaseNameProblem(name), roleNameProblem(name)]).toEqual([null, null]);
  });
  it.each(['', 'a'.repeat(64), 'ß'.repeat(32), 'a\0b', 'a\nb', '\u001b[31m', '\ud800'])('%j is no name at all', (name) => {
    expect(nameProblem(name)).not.toBeNull();
  });
  it.each(['postgres', 'template0', 'Template1', 'coffer', 'coffer_x', 'COFFER', 'pg_x', 'PG_x'])('%j is no database of a tenant', (name) => {
    expect(databaseNameProblem(name)).toMatch(/kept for the system/);
  });
  it.each(['postgres', 'root', 'Root', 'public', 'none', 'current_user', 'session_user', 'coffer', 'pg_monitor'])('%j is no user of a tenant', (name) => {
    expect(roleNameProblem(name)).toMatch(/kept for the system/);
  });
  it('a database may be called root and a user template1', () => {
    expect([databaseNameProblem('root'), roleNameProblem('template1')]).toEqual([null, null]);
  });
});

describe('names of groups', () => {
  it('fit, are not cut inside a character, and are told apart from a tenant\'s', () => {
    fc.assert(fc.property(acceptedName, fc.nat({ max: 3 }), fc.constantFrom('owner' as const, ...privilegeKinds), (database, attempt, kind) => {
      const suffix = suffixFor(database, attempt);
      const name = groupName(kind, suffix);
      expect(bytes(name)).toBeLessThanOrEqual(maxNameBytes);
      expect(name.isWellFormed()).toBe(true);
      expect(parseGroupName(name)).toEqual({ kind, suffix });
      expect(roleNameProblem(name)).not.toBeNull();
    }));
  });
  it('differ for different databases and attempts', () => {
    fc.assert(fc.property(fc.uniqueArray(acceptedName, { minLength: 2, maxLength: 8 }), (databases) => {
      const suffixes = databases.flatMap((database) => [0, 1, 2].map((attempt) => suffixFor(database, attempt)));
      expect(new Set(suffixes).size).toBe(suffixes.length);
    }));
  });
  it('cannot be reached by a database that is named like one', () => {
    const long = 'x'.repeat(63);
    expect(suffixFor(suffixFor(long, 0), 0)).not.toBe(suffixFor(long, 0));
    expect(suffixFor('x'.repeat(52), 0)).toBe('x'.repeat(52));
    expect(suffixFor('x'.repeat(53), 0)).toMatch(/^~/);
  });
  it('of no kind are not parsed', () => {
    expect([parseGroupName('coffer_groups'), parseGroupName('coffer'), parseGroupName('own_x')]).toEqual([null, null, null]);
  });
});
