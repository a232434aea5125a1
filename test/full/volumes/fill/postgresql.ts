import { psql } from '../../../support/actions.ts';
import { enginesFolder } from '../../../support/installation.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

const ask = (instance: any, login: Login, sql: string): Promise<string> => psql(enginesFolder, instance, { ...login, database: 'app' }, sql);

export const postgresql: Filler = {
  datastore: 'postgresql', version: '17', flavor: 'micro', values: [], refusal: /No space left|closed the connection|terminat|recovery|refused/i, againMs: 20_000,
  async fill(instance, login) {
    await ask(instance, login, 'create table filled (batch int, t text); alter table filled alter t set storage plain; create table more (t text)');
    return untilRefused((n) => ask(instance, login, `insert into filled select ${n}, repeat(md5(g::text), 60) from generate_series(1, 20000) g`));
  },
  count: async (instance, login) => Number(await ask(instance, login, 'select count(distinct batch) from filled')),
  write: (instance, login) => ask(instance, login, 'insert into more select repeat(md5(g::text), 60) from generate_series(1, 20000) g'),
};
