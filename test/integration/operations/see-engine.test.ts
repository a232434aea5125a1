/** A step that sees the engine as wanted believes no report from before its command. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_CHANNEL } from '../../../gateway/agents/records.ts';
import { seeEngine } from '../../../gateway/operations/workflows/guest-steps.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore } from '../../support/store.ts';
import { insertInstance } from '../agents/harness.ts';

describe('an engine is seen', () => {
  let server: TestPostgres;
  let store: PgStore;
  let id: string;
  beforeAll(async () => { server = await startTestPostgres(); });
  afterAll(() => server.stop());
  beforeEach(async () => {
    store = (await createTestStore(server)).store;
    id = await insertInstance(store);
  });
  afterEach(() => store.close());

  const report = (observation: Record<string, unknown>): Promise<void> => store.transaction(async (tx) => {
    await tx.query('update instance set observation = $2 where id = $1', [id, JSON.stringify(observation)]);
    tx.notify(AGENT_CHANNEL, id);
  });
  const see = (wanted: 'ok' | 'down' = 'ok', signal = AbortSignal.timeout(20_000)): Promise<void> =>
    seeEngine({ store } as never, { operation: { id: 'op_1' }, input: { instanceId: id }, signal } as never, wanted, 'restart');
  const soon = (ms: number): AbortSignal => AbortSignal.timeout(ms);

  it('by a report that was made after the command', async () => {
    await report({ engine: 'ok', afterCommand: 'op_0/start' });
    const seen = see();
    await report({ engine: 'down', afterCommand: 'op_0/start' });
    await report({ engine: 'ok', afterCommand: 'op_1/restart' });
    await seen;
  });
  it.each([['of an earlier operation', 'op_0/start'], ['of an earlier step', 'op_1/repair'], ['of before any command', '']])('not by one %s', async (_title, afterCommand) => {
    await report({ engine: 'ok', afterCommand });
    await expect(see('ok', soon(100))).rejects.toThrow('a healthy engine was not seen in time');
  });
  it('not in another state than the wanted one', async () => {
    await report({ engine: 'ok', afterCommand: 'op_1/restart' });
    await expect(see('down', soon(100))).rejects.toThrow('the stopped engine was not seen in time');
  });
  it('by any report of an agent that does not tell', async () => {
    await report({ engine: 'ok' });
    await see();
  });
});
