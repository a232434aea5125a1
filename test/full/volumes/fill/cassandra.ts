import { randomBytes } from 'node:crypto';
import type { Client } from 'cassandra-driver';
import { manifest } from '../../../../strategies/datastores/cassandra/manifest.ts';
import { createDriver } from '../../../e2e/cassandra/driver.ts';
import { withFacts } from '../../../support/instance-facts.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

const parts = 10;
const asUser = <T>(instance: any, login: Login, use: (client: Client) => Promise<T>): Promise<T> => withFacts(manifest, 'java', instance, async (facts) => {
  const client = await createDriver(facts).open({ ...login, database: 'app' });
  try {
    return await use(client);
  } finally {
    await client.shutdown();
  }
});
const put = (client: Client, batch: number, part: number) => client.execute('insert into app.filled (batch, part, bytes) values (?, ?, ?)', [batch, part, randomBytes(1_000_000)], { prepare: true });

export const cassandra: Filler = {
  datastore: 'cassandra', version: '5.0', flavor: 'small', values: [], refusal: /No space left|closed|timed out|timeout|ECONN|No host|hosts tried/i, againMs: 30_000,
  fill: (instance, login) => asUser(instance, login, async (client) => {
    await client.execute('create table app.filled (batch int, part int, bytes blob, primary key (batch, part))');
    return untilRefused((batch) => Promise.all(Array.from({ length: parts }, (_, part) => put(client, batch, part))));
  }),
  count: (instance, login) => asUser(instance, login, async (client) => {
    for (let batch = 0; ; batch++) {
      const { rows } = await client.execute('select bytes from app.filled where batch = ?', [batch], { prepare: true });
      if (rows.length < parts || rows.some((row) => (row['bytes'] as Buffer).length !== 1_000_000)) return batch;
    }
  }),
  write: (instance, login) => asUser(instance, login, (client) => put(client, -1, 0)),
};
