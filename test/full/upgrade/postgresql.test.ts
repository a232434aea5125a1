import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { defineUpgrade } from '../../e2e/upgrade/define.ts';
import { psql } from '../../support/actions.ts';
import { enginesFolder } from '../../support/installation.ts';

/** A locale of the host's C library; with C and POSIX alone there is nothing that another C library could sort in another way. */
const hostLocale = String(spawnSync('locale', ['-a'], { encoding: 'utf8' }).stdout).split('\n').find((name) => /\.utf-?8$/i.test(name) && !name.startsWith('C.'));
if (hostLocale === undefined) console.warn('collations of the C library are not tested here: the host has no locale but C');

const sortedByIcu = ['kept_icu', 'kept_own'];
const sortedByLibc = hostLocale === undefined ? [] : ['kept_libc', 'kept_own_libc'];
const create = [
  "create table kept as select 'here'::text as word", 'create index kept_plain on kept (word collate "C")', 'create index kept_length on kept (length(word))',
  'create index kept_icu on kept (word collate "de-x-icu")', "create collation german (provider = icu, locale = 'de')", 'create index kept_own on kept (word collate german)',
  ...(hostLocale === undefined ? [] : [`create index kept_libc on kept (word collate "${hostLocale}")`, `create collation hosts (provider = libc, locale = '${hostLocale}')`, 'create index kept_own_libc on kept (word collate hosts)']),
];
/** Of a database whose own collation is ICU's. */
const createWords = ["create table kept as select 'here'::text as word", 'create index kept_default on kept (word)', 'create index kept_plain on kept (word collate "C")'];

interface Sorted { files: Record<string, string>; outdated: number }
/** pg_upgrade keeps the file of an index; one that was sorted anew has another. */
const look = async (instance: any, login: Parameters<typeof psql>[2], database: string): Promise<Sorted> => JSON.parse(await psql(enginesFolder, instance, { ...login, database }, `select json_build_object(
  'files', (select json_object_agg(relname, pg_relation_filenode(oid)) from pg_class where relkind = 'i' and relname like 'kept\\_%'),
  'outdated', (select count(*) from pg_collation where collversion <> pg_collation_actual_version(oid)) + (select count(*) from pg_database where datcollversion <> pg_database_collation_actual_version(oid)))`)) as Sorted;

const ask = (sql: string) => (instance: any, login: Parameters<typeof psql>[2]) => psql(enginesFolder, instance, login, sql);

const between = (from: string, to: string) => defineUpgrade({
  datastore: 'postgresql', from, to, databases: [{ name: 'app' }, { name: 'words', collation: 'icu:de-DE' }], group: { name: 'work_mem', value: '5120' }, poison: { name: 'max_locks_per_transaction', value: 2_000_000_000 }, refusal: 'ENGINE.FAILED_TO_START',
  veto: { make: ask('create table bad (worker regproc)'), unmake: ask('drop table bad'), subject: null, words: /reg\* data types.*bad\.worker/ },
  async write(instance, login) {
    await psql(enginesFolder, instance, login, create.join('; '));
    await psql(enginesFolder, instance, { ...login, database: 'words' }, createWords.join('; '));
  },
  read: ask('select word from kept'),
  look: (instance, login) => Promise.all(['app', 'words'].map((database) => look(instance, login, database))),
  /** The builds come with another ICU and another C library each. */
  judge([app, words]: Sorted[], [appNow, wordsNow]: Sorted[]) {
    const anew = (before: Sorted | undefined, after: Sorted | undefined): string[] => Object.keys(before!.files).filter((name) => after!.files[name] !== before!.files[name]).sort();
    expect(Object.keys(appNow!.files).sort()).toEqual([...sortedByIcu, ...sortedByLibc, 'kept_length', 'kept_plain'].sort());
    expect(anew(app, appNow)).toEqual([...sortedByIcu, ...sortedByLibc].sort());
    expect(anew(words, wordsNow)).toEqual(['kept_default']);
    expect([appNow!.outdated, wordsNow!.outdated]).toEqual([0, 0]);
  },
});
between('15', '17');
between('17', '18');
between('15', '18');
