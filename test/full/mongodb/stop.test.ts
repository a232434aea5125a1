/** A stop may be quick; it takes nothing back. */
import { describe, expect, it } from 'vitest';
import { useServer } from '../../e2e/mongodb/server.ts';

const rounds = 3;
const writers = 8;
const soonMs = 20_000;
/** More than the journal takes in at once: some are still to come when the stop begins. */
const enough = 500;

describe('an immediate stop', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  const options = { maxPoolSize: writers, retryWrites: false, serverSelectionTimeoutMS: 500, w: 1, journal: false };

  it('keeps every write that was acknowledged before the journal had it', async () => {
    await server.user('hasty', { shop: [] });
    for (let round = 0; round < rounds; round++) {
      const acknowledged: number[] = [];
      await server.driver.as(server.login('hasty'), async (client) => {
        const goods = client.db('shop').collection<{ _id: number }>(`goods_${round}`);
        let next = 0;
        const write = async (): Promise<void> => {
          for (;;) {
            const _id = next++;
            await goods.insertOne({ _id });
            acknowledged.push(_id);
          }
        };
        const ended = Promise.all(Array.from({ length: writers }, () => write().catch(() => undefined)));
        await expect.poll(() => acknowledged.length, { timeout: soonMs, interval: 5 }).toBeGreaterThan(enough);
        await call('stop', ['immediate']);
        await ended;
      }, options);
      await call('start', []);
      const kept = await server.driver.as(server.login('hasty'), (client) => client.db('shop').collection<{ _id: number }>(`goods_${round}`).find().map(({ _id }) => _id).toArray());
      const there = new Set(kept);
      expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    }
  });
});
