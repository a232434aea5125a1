import { describe, expect, it } from 'vitest';
import { databaseFindings } from '../../../strategies/datastores/postgresql/guest/upgrade/check.ts';
import { serverOptions, sessionOptions } from '../../../strategies/datastores/postgresql/guest/upgrade/cluster.ts';
import { roomFindings } from '../../../strategies/datastores/postgresql/guest/upgrade/room.ts';
import { namedThings, problemsOf } from '../../../strategies/datastores/postgresql/guest/upgrade/words.ts';

const begin = 'Performing Consistency Checks\n-----------------------------\nChecking cluster versions                                     ok\n';

describe('the words of pg_upgrade', () => {
  it('are a paragraph for each thing that is wrong, and the file with what it means', () => {
    const output = `${begin}Checking data type usage                                      failed check: Checking for reg* data types in user tables\n
Data type checks failed: 
Your installation contains one of the reg* data types in user tables.
These data types reference system OIDs that are not preserved by
pg_upgrade, so this cluster cannot currently be upgraded.  You can
drop the problem columns and restart the upgrade.

A list of the problem columns is in the file:
    new/pg_upgrade_output.d/20261129T041356.684/tables_using_reg.txt

Your installation contains the "aclitem" data type in user tables.
A list of the problem columns is in the file:
    /vol ume/new/tables_using_aclitem.txt

Failure, exiting
`;
    expect(problemsOf(output)).toEqual([
      { words: 'Your installation contains one of the reg* data types in user tables. These data types reference system OIDs that are not preserved by pg_upgrade, so this cluster cannot currently be upgraded. You can drop the problem columns and restart the upgrade.', file: 'new/pg_upgrade_output.d/20261129T041356.684/tables_using_reg.txt' },
      { words: 'Your installation contains the "aclitem" data type in user tables.', file: '/vol ume/new/tables_using_aclitem.txt' },
    ]);
  });
  it('are told where there is no file, and also when there are none', () => {
    expect(problemsOf(`${begin}\nold cluster uses data checksums but the new one does not\nFailure, exiting\n`)).toEqual([{ words: 'old cluster uses data checksums but the new one does not', file: null }]);
    expect(problemsOf(begin)).toEqual([{ words: 'pg_upgrade does not say why', file: null }]);
  });
  it('name at most so many things', () => {
    expect(namedThings('In database: app\n  public.bad.worker\n')).toBe('In database: app; public.bad.worker');
    expect(namedThings(Array.from({ length: 25 }, (_, i) => `t${i}`).join('\n'))).toMatch(/t19; and 5 more lines$/);
  });
});

describe('the servers that pg_upgrade starts', () => {
  const numbers = (sizing: Record<string, string>, parameters: Record<string, string>): string[] => [...serverOptions({ sizing, parameters }).matchAll(/-c (max_\S+)/g)].map(([, option]) => option ?? '');
  it('have room for a hundred thousand locks, or as many as the instance\'s own, for whatever opens all tables at once', () => {
    expect(numbers({ max_connections: '500' }, { max_locks_per_transaction: '2000' })).toEqual(['max_connections=500', 'max_locks_per_transaction=2000']);
    expect(numbers({ max_connections: '500' }, { max_connections: '20' })).toEqual(['max_connections=100', 'max_locks_per_transaction=1024']);
    expect(numbers({}, { max_locks_per_transaction: '2000000000' })).toEqual(['max_connections=100', 'max_locks_per_transaction=2048']);
    expect(numbers({}, { max_connections: '5; rm', max_locks_per_transaction: '10' })).toEqual(['max_connections=100', 'max_locks_per_transaction=1024']);
  });
  it('load nothing, and let in whoever reaches their socket', () => expect(serverOptions({ sizing: {}, parameters: {} })).toMatch(/^-c hba_file=pg_hba\.conf .*-c shared_preload_libraries= /));
});

describe('the sessions of pg_upgrade', () => {
  it('are ended by no timeout, and are told of none that one of the servers does not know', () => {
    for (const name of ['statement_timeout', 'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout']) expect(sessionOptions('15', '17')).toContain(`-c ${name}=0`);
    expect(['15 17', '15 18', '17 18'].map((way) => sessionOptions(...way.split(' ') as [string, string]).includes('-c transaction_timeout=0'))).toEqual([false, false, true]);
  });
});

describe('databases', () => {
  it('that pg_upgrade cannot bring over are told, one by one, by a name that can be read', () => {
    const row = (name: string, isInvalid = false): { name: string; isInvalid: boolean } => ({ name, isInvalid });
    expect(databaseFindings([row('shop'), row('データ'), row('"q"\\n'), row('a b\tc')])).toEqual([]);
    expect(databaseFindings([row('a\nb\r'), row('half', true), row('h\n', true)]).map(({ severity, subject }) => [severity, subject])).toEqual([['ERROR', 'a\\nb\\r'], ['ERROR', 'half'], ['ERROR', 'h\\n']]);
  });
});

describe('the room that pg_upgrade needs for itself', () => {
  const mib = 1024 ** 2;
  it.each([
    ['a fresh instance', { catalogueBytes: 21 * mib, files: 0 }, 47], ['twenty databases', { catalogueBytes: 160 * mib, files: 0 }, 284], ['five thousand tables', { catalogueBytes: 59 * mib, files: 20_000 }, 268],
  ])('is vetoed where %s would not fit, by what was measured, and not where there is twice of that', (_what, made, measuredMb) => {
    expect(roomFindings(made, (measuredMb - 6) * mib)).toMatchObject([{ severity: 'ERROR', message: expect.stringMatching(/that needs \d+ MB of the disk, which has \d+ MB left/) }]);
    expect(roomFindings(made, 2 * measuredMb * mib)).toEqual([]);
  });
});
