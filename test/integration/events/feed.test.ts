import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listEvents } from '../../../gateway/domain/events.ts';
import { appendEvent, EVENT_CHANNEL, type NewEvent } from '../../../gateway/events/append.ts';
import { createEventFeed, type RunningFeed } from '../../../gateway/events/event-feed.ts';
import type { FeedItem, FeedRequest } from '../../../gateway/events/feed.ts';
import { pruneEvents } from '../../../gateway/events/prune.ts';
import { raiseGeneration } from '../../../gateway/store/installation.ts';
import { silentLog } from '../../../kernel/log.ts';
import type { Tx } from '../../../gateway/store/tx.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { connectTo, createTestStore, type TestStore } from '../../support/store.ts';

let server: TestPostgres;
let test: TestStore;
let feed: RunningFeed;
const closers: (() => unknown)[] = [];

beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => {
  test = await createTestStore(server);
  feed = newFeed();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await feed.close();
  await test.store.close();
});

const newFeed = (maxBuffered?: number): RunningFeed => createEventFeed({ store: test.store, generation: test.installation.generation, log: silentLog, ...(maxBuffered ? { maxBuffered } : {}) });
const event = (n: number, more: Partial<NewEvent> = {}): NewEvent => ({ type: 'thing.changed', phase: 'INFO', actor: 'test', subject: 's1', projectId: 'p1', data: { n }, ...more });
const append = (n: number, more: Partial<NewEvent> = {}, tx: Tx = test.store): Promise<string> => appendEvent(tx, event(n, more));
const count = async (tx: { query<R>(t: string): Promise<R[]> }): Promise<number> => Number((await tx.query<{ n: string }>('select count(*) as n from event'))[0]!.n);

interface Reading { items: FeedItem<number>[]; stop(): Promise<void>; until(done: (items: FeedItem<number>[]) => boolean): Promise<void>; numbers(): number[]; lastCursor(): string; failure(): unknown }
/** Collects in the background; `until` waits for what is expected and for nothing else. */
function read(of: RunningFeed, request: Partial<FeedRequest<number>> = {}): Reading {
  const items: FeedItem<number>[] = [];
  const abort = new AbortController();
  let failure: unknown;
  let tell = (): void => {};
  const done = (async () => {
    try {
      for await (const item of of.subscribe<number>({ subject: 's1', snapshot: (r) => count({ query: r }), signal: abort.signal, ...request })) { items.push(item); tell(); }
    } catch (error) { failure = error; }
    tell();
  })();
  const reading: Reading = {
    items,
    stop: async () => { abort.abort(); await done; },
    async until(isDone) {
      while (!isDone(items)) {
        if (failure) throw failure;
        await new Promise<void>((resolve) => { tell = resolve; });
      }
    },
    numbers: () => items.flatMap((i) => (i.kind === 'event' ? [(i.event.data as { n: number }).n] : [])),
    lastCursor: () => { const last = items.at(-1)!; return last.kind === 'event' ? last.event.cursor : last.cursor; },
    failure: () => failure,
  };
  closers.push(reading.stop);
  return reading;
}
const insertByHand = "insert into event (type, phase, actor, subject, project_id, data) values ('thing.changed', 'INFO', 'test', 's1', 'p1', $1)";

describe('a subscription', () => {
  it('begins with the present and goes on with what comes after it', async () => {
    await append(1);
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    await append(2);
    await append(3, { subject: 'other' });
    await append(4);
    await reading.until((i) => i.length === 3);
    expect(reading.items[0]).toMatchObject({ kind: 'snapshot', reset: false, value: 1 });
    expect(reading.numbers()).toEqual([2, 4]);
  });

  it('is told of a transaction that commits later than a younger one, once and in order', async () => {
    await feed.start();
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    const early = await connectTo(test.url);
    await early.query('begin');
    await early.query(insertByHand, [JSON.stringify({ n: 1 })]);
    await append(2);
    await append(3);
    await settled();
    expect(reading.numbers()).toEqual([]);
    // This commit notifies nobody: the reader has to look again by itself.
    await early.query('commit');
    await early.end();
    await reading.until((i) => i.length === 4);
    expect(reading.numbers()).toEqual([1, 2, 3]);
  });

  it('neither repeats nor misses what was open while the present was read', async () => {
    const early = await connectTo(test.url);
    await early.query('begin');
    await early.query(insertByHand, [JSON.stringify({ n: 1 })]);
    await append(2);
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    expect(reading.items[0]).toMatchObject({ value: 1 });
    await append(3);
    await early.query('commit');
    await early.end();
    await reading.until((i) => i.length === 3);
    expect(reading.numbers()).toEqual([1, 3]);
    // The cursor of the snapshot remembers what it showed, on any gateway.
    const snapshot = reading.items[0]!;
    const other = newFeed();
    closers.push(() => other.close());
    const resumed = read(other, { after: snapshot.kind === 'snapshot' ? snapshot.cursor : '' });
    await resumed.until((i) => i.length === 2);
    expect(resumed.numbers()).toEqual([1, 3]);
  });

  it('resumes after an event of the list, although an older transaction was still open', async () => {
    await append(1);
    const early = await connectTo(test.url);
    await early.query('begin');
    await early.query(insertByHand, [JSON.stringify({ n: 2 })]);
    await append(3);
    const { edges } = await listEvents(test.store, { role: 'OPERATOR', projectId: null }, { first: 1 }, {});
    expect(edges.map(({ node }) => node.data)).toEqual([{ n: 3 }]);
    const resumed = read(feed, { after: edges[0]!.node.cursor });
    await append(4);
    await early.query('commit');
    await early.end();
    await resumed.until((i) => i.length === 3);
    expect(resumed.numbers()).toEqual([2, 3, 4]);
    expect((await listEvents(test.store, { role: 'OPERATOR', projectId: null }, { first: 1 }, {})).edges[0]!.node.cursor).toBe(resumed.lastCursor());
  });

  it('resumes on another gateway without gap or repeat, from memory and from the table', async () => {
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    await append(1);
    await reading.until((i) => i.length === 2);
    await reading.stop();
    await test.store.query(`insert into event (type, phase, actor, subject, project_id, data) select 'thing.changed', 'INFO', 'test', 's1', 'p1', json_build_object('n', n) from generate_series(2, 3000) n`);
    const other = newFeed();
    closers.push(() => other.close());
    const resumed = read(other, { after: reading.lastCursor() });
    await resumed.until((i) => i.length === 2999);
    await append(3001);
    await resumed.until((i) => i.length === 3000);
    expect(resumed.numbers()).toEqual([...Array.from({ length: 2999 }, (_, i) => i + 2), 3001]);
  });

  it('sees only its project', async () => {
    const mine = read(feed, { projectId: 'p1' });
    const foreign = read(feed, { projectId: 'p2' });
    await mine.until((i) => i.length === 1);
    await foreign.until((i) => i.length === 1);
    await append(1);
    await append(2, { projectId: 'p2', subject: 's2' });
    const all = read(feed, { projectId: null, subject: undefined as never });
    await all.until((i) => i.length === 1);
    await append(3, { projectId: 'p2' });
    await append(4);
    await mine.until((i) => i.length === 3);
    await all.until((i) => i.length === 3);
    expect(mine.numbers()).toEqual([1, 4]);
    expect(foreign.numbers()).toEqual([3]);
    expect(all.numbers()).toEqual([3, 4]);
  });

  it('starts anew with a cursor of another generation, of the future, or of nobody', async () => {
    await append(1);
    await feed.start();
    const generation = test.installation.generation;
    for (const after of [`${generation + 1}.5.0`, `${generation}.999999999999.0`, 'nonsense']) {
      const reading = read(feed, { after });
      await reading.until((i) => i.length === 1);
      expect(reading.items[0]).toMatchObject({ kind: 'snapshot', reset: true, value: 1 });
    }
  });

  it('is ended, and told how to go on, when it does not keep up', async () => {
    const slow = newFeed(10);
    closers.push(() => slow.close());
    const iterator = slow.subscribe<number>({ subject: 's1', snapshot: (r) => count({ query: r }), signal: new AbortController().signal })[Symbol.asyncIterator]();
    const first = await iterator.next();
    const cursor = first.value?.kind === 'snapshot' ? first.value.cursor : '';
    for (let n = 1; n <= 12; n++) await append(n);
    await settled();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'SUBSCRIPTION.TOO_SLOW' });
    const resumed = read(slow, { after: cursor });
    await resumed.until((i) => i.length === 12);
    expect(resumed.numbers()).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('goes on by itself after the store was killed and came back', async () => {
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    await server.kill();
    await server.restart();
    await append(1);
    await reading.until((i) => i.length === 2);
    expect(reading.numbers()).toEqual([1]);
  });
});

describe('how a feed is', () => {
  it('is told: whether it reads, and for how long somebody\'s open transaction holds events back', async () => {
    expect(feed.stats()).toMatchObject({ readAgoMs: null, heldMs: 0 });
    await feed.start();
    expect(feed.stats().readAgoMs).toBeLessThan(5_000);
    const holder = await connectTo(test.url);
    await holder.query('begin');
    await holder.query('select pg_current_xact_id()');
    await append(1);
    await expect.poll(() => feed.stats().heldMs).toBeGreaterThan(0);
    await holder.end();
    await expect.poll(() => feed.stats().heldMs).toBe(0);
    await server.kill();
    await expect.poll(() => feed.stats().readAgoMs, { timeout: 15_000 }).toBeGreaterThan(1_500);
    await server.restart();
    await expect.poll(() => feed.stats().readAgoMs, { timeout: 15_000 }).toBeLessThan(1_500);
  });
});

describe('pruning', () => {
  const age = (where: string): Promise<unknown> => test.store.query(`update event set at = now() - interval '200 days' where ${where}`);

  it('lets a cursor behind the horizon start anew, and no other', async () => {
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    await append(1);
    await append(2);
    await append(3);
    await reading.until((i) => i.length === 4);
    const cursorOf = (i: number): string => { const item = reading.items[i]!; return item.kind === 'event' ? item.event.cursor : item.cursor; };
    await age(`(data->>'n')::int <= 2`);
    expect(await pruneEvents(test.store)).toEqual({ progress: 0, others: 2 });
    // A gateway that starts now has all that is left in memory, and still must not take it for all there was.
    const fresh = newFeed();
    closers.push(() => fresh.close());
    const oldToo = read(fresh, { after: cursorOf(1) });
    await oldToo.until((i) => i.length === 1);
    expect(oldToo.items[0]).toMatchObject({ kind: 'snapshot', reset: true });
    await fillBeyondMemory();
    const other = newFeed();
    closers.push(() => other.close());
    const old = read(other, { after: cursorOf(1) });
    await old.until((i) => i.length === 1);
    expect(old.items[0]).toMatchObject({ kind: 'snapshot', reset: true });
    const young = read(other, { after: cursorOf(2) });
    await young.until((i) => i.length === 1);
    expect(young.numbers()).toEqual([3]);
  });

  it('forgets steps in between, but never the last one of what still runs', async () => {
    const step = (n: number, operationId: string): Promise<string> => append(n, { type: 'operation.updated', phase: 'PROGRESS', operationId });
    await step(1, 'op1');
    await step(2, 'op1');
    await step(3, 'op2');
    await append(4, { type: 'instance.create', phase: 'END', operationId: 'op2' });
    await test.store.query(`update event set at = now() - interval '2 hours'`);
    expect(await pruneEvents(test.store)).toEqual({ progress: 2, others: 0 });
    expect(await test.store.query(`select (data->>'n')::int as n from event order by id`)).toEqual([{ n: 2 }, { n: 4 }]);
  });

  it('is one gateway\'s turn at a time', async () => {
    const other = await connectTo(test.url);
    await other.query('begin');
    await other.query('select pg_advisory_xact_lock(72707370)');
    expect(await pruneEvents(test.store)).toBeNull();
    await other.end();
  });
});

describe('a restored store', () => {
  it('tells no event twice and refuses cursors from before', async () => {
    const reading = read(feed);
    await reading.until((i) => i.length === 1);
    await append(1);
    await reading.until((i) => i.length === 2);
    // A dump restored into a new server carries transaction ids from its future.
    await test.store.query('update event set xid = 999999999');
    const generation = await raiseGeneration(test.store);
    const after = createEventFeed({ store: test.store, generation, log: silentLog });
    closers.push(() => after.close());
    const resumed = read(after, { after: reading.lastCursor() });
    await resumed.until((i) => i.length === 1);
    expect(resumed.items[0]).toMatchObject({ kind: 'snapshot', reset: true, value: 1 });
    await append(2);
    await resumed.until((i) => i.length === 2);
    expect(resumed.numbers()).toEqual([2]);
    expect(resumed.lastCursor().startsWith(`${generation}.`)).toBe(true);
  });
});

describe('a store that crashes', () => {
  it('and gives transaction ids out again loses no event, for who listens and for who resumes', async () => {
    await append(1);
    const listening = read(feed);
    await listening.until((i) => i.length === 1);
    const beside = await connectTo(test.url);
    beside.on('error', () => {});
    // What commits is on the disk; what is rolled back is not while nobody writes the log out.
    const { rows: [writer] } = await beside.query<{ pid: number }>("select pid from pg_stat_activity where backend_type = 'walwriter'");
    process.kill(writer!.pid, 'SIGSTOP');
    const burn = async (): Promise<number> => {
      await beside.query('begin');
      const { rows: [row] } = await beside.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
      await beside.query('rollback');
      return Number(row!.xid);
    };
    const burnt = [await burn(), await burn(), await burn()];
    const burntAt = performance.now();
    await expect.poll(() => performance.now() - feed.stats().readAgoMs! - burntAt, { timeout: 10_000 }).toBeGreaterThan(100);
    const before = read(feed);
    await before.until((i) => i.length === 1);
    await before.stop();
    await server.kill();
    await server.restart();
    const id = await append(2);
    const [row] = await test.store.query<{ xid: string }>('select xid from event where id = $1', [id]);
    expect(Number(row!.xid)).toBeLessThanOrEqual(burnt.at(-1)!);
    await append(3);
    await listening.until((i) => i.length === 3);
    expect(listening.numbers()).toEqual([2, 3]);
    const resumed = read(feed, { after: before.lastCursor() });
    await resumed.until((i) => i.length === 2);
    expect(resumed.numbers()).toEqual([2, 3]);
  });
});

describe('500 clients that resume at once', () => {
  it('are served in turns, and equal questions once', async () => {
    await append(0);
    const first = read(feed);
    await first.until((i) => i.length === 1);
    await append(1, { subject: 's1' });
    await first.until((i) => i.length === 2);
    await fillBeyondMemory();
    const other = newFeed();
    closers.push(() => other.close());
    await other.start();
    let statements = 0;
    let tell = (): void => {};
    test.store.onStatement((text) => { if (text.includes('event_horizon')) { statements += 1; tell(); } });
    const present = first.items[0]!;
    const after = present.kind === 'snapshot' ? present.cursor : '';
    const readings = Array.from({ length: 500 }, (_, i) => read(other, { after, subject: i % 10 === 0 ? `q${i}` : 's1' }));
    await Promise.all(readings.filter((_, i) => i % 10 !== 0).map((r) => r.until((items) => items.length === 1)));
    expect(readings[1]!.numbers()).toEqual([1]);
    // One for what 450 ask alike, one for each of the 50 others.
    while (statements < 51) await new Promise<void>((resolve) => { tell = resolve; });
    expect(statements).toBe(51);
    // From memory: no statement at all.
    statements = 0;
    const young = read(other, { after: other.position() });
    await append(2);
    await young.until((i) => i.length === 1);
    expect(statements).toBe(0);
  });
});

/** More events of somebody else than a reader keeps in memory at its start. */
const fillBeyondMemory = (): Promise<unknown> =>
  test.store.query(`insert into event (type, phase, actor, subject, project_id) select 'noise.made', 'INFO', 'test', 'noise', 'p9' from generate_series(1, 2100)`);

/** Resolves when the reader has looked at the log twice more, so what it could tell it has told. */
async function settled(): Promise<void> {
  let reads = 0;
  let tell = (): void => {};
  const stop = test.store.onStatement((text) => { if (text.includes('as held')) { reads += 1; tell(); } });
  while (reads < 3) {
    const next = new Promise<void>((resolve) => { tell = resolve; });
    await test.store.query('select pg_notify($1, $2)', [EVENT_CHANNEL, '']);
    await next;
  }
  stop();
}
