import mariadb from '../../../strategies/datastores/mariadb/index.ts';
import { defineUpgrade } from '../../e2e/upgrade/define.ts';
import { askInstance } from '../../support/sql-family/stock-client.ts';

const client = askInstance(mariadb.manifest, 'mariadb');
const ask = (sql: string) => (instance: any, login: { user: string; password: string }) => client(instance, login, sql);

/** Without mariadb-upgrade a table with system versioning would be there, and empty. */
defineUpgrade({
  datastore: 'mariadb', from: '10.11', to: '11.8', databases: [{ name: 'app' }], group: { name: 'long_query_time', value: '2.5' }, poison: { name: 'sql_mode', value: 'STRICT_SOMETIMES' }, refusal: 'ENGINE.REFUSED',
  veto: { make: ask("xa start 'left'; insert into other values (1); xa end 'left'; xa prepare 'left'"), unmake: ask("xa rollback 'left'"), subject: "'left'", words: /XA COMMIT 'left', or XA ROLLBACK 'left'/ },
  warnings: [{ subject: 'app.kept' }, { subject: 'utf8mb4' }],
  write: ask("create table kept (word text) with system versioning; insert into kept values ('here'); create table other (a int)"),
  read: ask('select word from kept'),
});
