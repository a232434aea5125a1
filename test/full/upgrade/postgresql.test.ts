import { defineUpgrade } from '../../e2e/upgrade/define.ts';
import { psql } from '../../support/actions.ts';
import { enginesFolder } from '../../support/installation.ts';

const ask = (sql: string) => (instance: any, login: { user: string; password: string }) => psql(enginesFolder, instance, login, sql);

const between = (from: string, to: string) => defineUpgrade({
  datastore: 'postgresql', from, to, databases: [{ name: 'app' }, { name: 'words', collation: 'icu:de-DE' }], group: { name: 'work_mem', value: '5120' }, poison: { name: 'max_locks_per_transaction', value: 2_000_000_000 }, refusal: 'ENGINE.FAILED_TO_START',
  veto: { make: ask('create table bad (worker regproc)'), unmake: ask('drop table bad'), subject: null, words: /reg\* data types.*bad\.worker/ },
  write: ask("create table kept as select 'here'::text as word; create index on kept (word collate \"de-x-icu\")"),
  read: ask('select word from kept'),
});
between('15', '17');
between('17', '18');
between('15', '18');
