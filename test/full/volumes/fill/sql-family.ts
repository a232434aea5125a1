import mariadbPlugin from '../../../../strategies/datastores/mariadb/index.ts';
import mysqlPlugin from '../../../../strategies/datastores/mysql/index.ts';
import type { Manifest } from '../../../../strategies/spi/manifest.ts';
import { askInstance } from '../../../support/sql-family/stock-client.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

/** The server waits for room where it writes its binary log, for as long as it takes: who waits longer than this counts as refused. */
const patienceMs = 10_000;
const tenMegabytes = (n: number): string => Array.from({ length: 10 }, () => `(${n}, repeat('${String(n % 10)}', 1000000))`).join(', ');

function fillerOf({ manifest, version, program }: { manifest: Manifest; version: string; program: string }): Filler {
  const client = askInstance(manifest, program, patienceMs);
  const ask = (instance: any, login: Login, sql: string): Promise<string> => client(instance, { ...login, database: 'app' }, sql);
  return {
    // It looks for room once a minute.
    datastore: manifest.id, version, flavor: 'small', values: [], refusal: /is full|No space left|Disk full|no answer|Lost connection|gone away|Can't connect/i, againMs: 75_000,
    async fill(instance, login) {
      await ask(instance, login, 'create table filled (batch int, t longblob); create table more (t longblob)');
      return untilRefused((n) => ask(instance, login, `insert into filled values ${tenMegabytes(n)}`));
    },
    count: async (instance, login) => Number(await ask(instance, login, 'select count(*) from (select batch from filled group by batch having count(*) = 10 and min(length(t)) = 1000000) whole')),
    write: (instance, login) => ask(instance, login, "insert into more values (repeat('x', 1000000))"),
  };
}

export const mysql = fillerOf({ ...mysqlPlugin, version: '9.7', program: 'mysql' });
export const mariadb = fillerOf({ ...mariadbPlugin, version: '11.8', program: 'mariadb' });
