import { randomBytes } from 'node:crypto';
import { type Client, errors } from 'cassandra-driver';
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
const put = (client: Client, n: number, part: number) => client.execute('insert into app.filled (n, part, bytes) values (?, ?, ?)', [n, part, randomBytes(1_000_000)], { prepare: true });
/** One that is busy answers too late for once; one that is full never does. */
async function putInTime(client: Client, n: number, part: number): Promise<void> {
  for (let tries = 3; ; tries--) {
    const error = await put(client, n, part).then(() => null, (reason: Error) => reason);
    if (error === null) return;
    if (tries === 1 || !(error instanceof errors.ResponseError)) throw error;
  }
}

export const cassandra: Filler = {
  datastore: 'cassandra', version: '5.0', flavor: 'small', values: [], refusal: /No space left|closed|timed out|timeout|ECONN|No host|hosts tried/i, againMs: 30_000,
  fill: (instance, login) => asUser(instance, login, async (client) => {
    // Merging tables takes room for a while and gives it back: the volume would be full for a moment, and then not.
    await client.execute("create table app.filled (n int, part int, bytes blob, primary key (n, part)) with compression = {'enabled': 'false'} and compaction = {'class': 'SizeTieredCompactionStrategy', 'enabled': 'false'}");
    return untilRefused(async (n) => {
      for (let part = 0; part < parts; part++) await putInTime(client, n, part);
    });
  }),
  count: (instance, login) => asUser(instance, login, async (client) => {
    for (let n = 0; ; n++) {
      for (let part = 0; part < parts; part++) {
        const { rows: [row] } = await client.execute('select bytes from app.filled where n = ? and part = ?', [n, part], { prepare: true });
        if ((row?.['bytes'] as Buffer | undefined)?.length !== 1_000_000) return n;
      }
    }
  }),
  write: (instance, login) => asUser(instance, login, (client) => put(client, -1, 0)),
};
