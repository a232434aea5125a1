import { randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import { manifest } from '../../../../strategies/datastores/mongodb/manifest.ts';
import { createDriver } from '../../../e2e/mongodb/driver.ts';
import { withFacts } from '../../../support/instance-facts.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

/** One that waits for ever is a refusal, too. */
const patienceMs = 20_000;
const parts = 10;
const asUser = <T>(instance: any, login: Login, use: (db: Db) => Promise<T>): Promise<T> =>
  withFacts(manifest, 'mongod', instance, (facts) => createDriver(facts).as({ ...login, database: 'app' }, (client) => use(client.db('app')), { socketTimeoutMS: patienceMs }));

export const mongodb: Filler = {
  datastore: 'mongodb', version: '6.0', flavor: 'small', values: [], refusal: /No space left|closed|selection timed out|ECONN|not primary|shut ?down|timed out/i, againMs: 30_000,
  // Acknowledged by default is: in the journal.
  fill: (instance, login) => asUser(instance, login, (db) => untilRefused((batch) =>
    db.collection('filled').insertMany(Array.from({ length: parts }, (_, part) => ({ batch, part, bytes: randomBytes(1_000_000) }))))),
  count: (instance, login) => asUser(instance, login, async (db) =>
    (await db.collection('filled').aggregate([{ $match: { $expr: { $eq: [{ $binarySize: '$bytes' }, 1_000_000] } } }, { $group: { _id: '$batch', parts: { $sum: 1 } } }, { $match: { parts } }]).toArray()).length),
  write: (instance, login) => asUser(instance, login, (db) => db.collection('more').insertOne({ bytes: randomBytes(1_000_000) })),
};
