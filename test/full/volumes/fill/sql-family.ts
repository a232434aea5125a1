import mariadbPlugin from '../../../../strategies/datastores/mariadb/index.ts';
import mysqlPlugin from '../../../../strategies/datastores/mysql/index.ts';
import type { Manifest } from '../../../../strategies/spi/manifest.ts';
import { askInstance } from '../../../support/sql-family/stock-client.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

/** The server waits for room where it writes its binary log, for as long as it takes: who waits longer than this counts as refused. */
const patienceMs = 10_000;
/** Where a large one has no room a small one may have. */
const sizes = [{ parts: 10, bytes: 1_000_000 }, { parts: 1, bytes: 1_000_000 }, { parts: 1, bytes: 100_000 }, { parts: 1, bytes: 5_000 }];
const insert = (n: number, { parts, bytes }: { parts: number; bytes: number }): string =>
  `insert into filled values ${Array.from({ length: parts }, (_, part) => `(${n}, ${part}, ${parts}, ${bytes}, repeat('x', ${bytes}))`).join(', ')}`;

function fillerOf({ manifest, version, program }: { manifest: Manifest; version: string; program: string }): Filler {
  const client = askInstance(manifest, program, patienceMs);
  const ask = (instance: any, login: Login, sql: string): Promise<string> => client(instance, { ...login, database: 'app' }, sql);
  return {
    // It looks for room once a minute.
    datastore: manifest.id, version, flavor: 'small', values: [], refusal: /Binary logging not possible|is full|No space left|no answer|Lost connection|gone away|Can't connect/i, againMs: 75_000,
    async fill(instance, login) {
      await ask(instance, login, `create table filled (n int, part int, parts int, bytes int, t longblob); create table more (t longblob); create table remembered (t varbinary(60000)) engine = memory; insert into remembered values ('')`);
      let taken = 0;
      for (const size of sizes) {
        const before = taken;
        taken += (await untilRefused((n) => ask(instance, login, insert(before + n, size)))).taken;
      }
      // Of a table in memory only the binary log is on the volume: there is no room for that either, and no commit without it.
      const { words } = await untilRefused((n) => ask(instance, login, `update remembered set t = repeat('${n % 10}', 60000)`));
      return { taken, words };
    },
    count: async (instance, login) => Number(await ask(instance, login, 'select count(*) from (select n from filled group by n, parts having count(*) = parts and min(length(t) = bytes) = 1) whole')),
    write: (instance, login) => ask(instance, login, "insert into more values (repeat('x', 1000000))"),
  };
}

export const mysql = fillerOf({ ...mysqlPlugin, version: '9.7', program: 'mysql' });
export const mariadb = fillerOf({ ...mariadbPlugin, version: '11.8', program: 'mariadb' });
