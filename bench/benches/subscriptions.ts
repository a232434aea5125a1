/**
 * Live subscriptions on one gateway, each on a socket of its own and watching an instance. Delivery is from before the
 * transaction of a change begins to the message at the client, all in one process and on one clock.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { changeInstance } from '../../gateway/domain/instance/change.ts';
import { createStore, type PgStore } from '../../gateway/store/store.ts';
import { silentLog } from '../../kernel/log.ts';
import type { Bench, BenchOptions } from '../support/bench.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { type Fleet, growFleet } from '../support/fleet.ts';
import { memoryOf } from '../support/memory.ts';
import { quantile } from '../support/numbers.ts';
import { cpuMsOf } from '../support/processes.ts';
import { subscribe, type Subscriber } from '../support/subscriber.ts';
import type { Cell } from '../support/table.ts';

const WATCH = 'subscription ($id: ID!) { instance(id: $id) { cursor change instance { id name status revision conditions { type status } task { kind step progress } } } }';
/** connects that are on their way at once */
const atOnce = 50;
const eventsPerSecond = 200;

type Watching = [id: string, subscriber: Subscriber];
async function openAll(plane: ControlPlane, ids: readonly string[]): Promise<Watching[]> {
  const left = [...ids];
  const open: Watching[] = [];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) open.push([id, await subscribe(plane.coffer.url, plane.coffer.token, WATCH, { id })]);
  }));
  return open;
}
const closeAll = (open: readonly Watching[]): Promise<unknown> => Promise.all(open.map(([, subscriber]) => subscriber.close()));

const change = async (store: PgStore, id: string, step: number): Promise<number> => {
  const startedAt = performance.now();
  await store.transaction((tx) => changeInstance(tx, id, { volume_used_bytes: step }, { actor: 'system' }));
  return startedAt;
};

/** Everybody watches one instance and it changes, again and again. */
async function oneToAll(store: PgStore, watchers: readonly Watching[], id: string, events: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let event = 0; event < events; event += 1) {
    const told = watchers.map(([, watcher]) => watcher.next());
    const startedAt = await change(store, id, event);
    for (const at of await Promise.all(told)) latencies.push(at - startedAt);
  }
  return latencies;
}

/** Each change concerns one watcher, at a steady rate. */
async function oneToOne(store: PgStore, watchers: ReadonlyMap<string, Subscriber>, seconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const ids = [...watchers.keys()];
  const running: Promise<unknown>[] = [];
  const startedAt = performance.now();
  for (let event = 0; event < seconds * eventsPerSecond; event += 1) {
    const wait = startedAt + (event * 1_000) / eventsPerSecond - performance.now();
    if (wait > 0) await delay(wait);
    const id = ids[(event * 7_919) % ids.length]!;
    const told = watchers.get(id)!.next();
    running.push(change(store, id, event).then(async (from) => { latencies.push((await told) - from); }));
  }
  await Promise.all(running);
  return latencies;
}

async function measure(plane: ControlPlane, fleet: Fleet, store: PgStore, count: number, { quick, say }: BenchOptions): Promise<Cell[]> {
  const pid = await plane.coffer.gatewayPid();
  const ids = fleet.ids.slice(0, count);
  const idle = await memoryOf(pid);
  say(`${count} subscriptions to one instance each`);
  const connectAt = performance.now();
  const own = await openAll(plane, ids);
  const connectsPerSecond = count / ((performance.now() - connectAt) / 1_000);
  await delay(2_000);
  const open = await memoryOf(pid);
  const [cpuBefore, from] = [await cpuMsOf(pid), performance.now()];
  const each = await oneToOne(store, new Map(own), quick ? 2 : 10);
  const cpuPercent = (100 * (await cpuMsOf(pid) - cpuBefore)) / (performance.now() - from);
  await closeAll(own);
  say(`${count} subscriptions to the same instance`);
  const same = await openAll(plane, ids.map(() => ids[0]!));
  const all = await oneToAll(store, same, ids[0]!, quick ? 3 : 20);
  await closeAll(same);
  return [count, connectsPerSecond, quantile(each, 0.5), quantile(each, 0.99), cpuPercent, quantile(all, 0.5), quantile(all, 0.99), open.rssMib, ((open.rssMib - idle.rssMib) * 1_024) / count];
}

export const bench: Bench = async (options) => {
  const rows: Cell[][] = [];
  for (const count of [1_000, 5_000]) {
    // A gateway of its own for each: memory that the first took is not given back.
    const plane = await startControlPlane();
    const store = createStore({ url: plane.storeUrl, maxConnections: 4, log: silentLog, applicationName: 'coffer-bench' });
    try {
      rows.push(await measure(plane, await growFleet(plane.db, null, count), store, count, options));
    } finally {
      await store.close();
      await plane.remove();
    }
  }
  return [{
    title: 'Live subscriptions', notes: [`One gateway, a socket for each subscription, the clients on the same machine. "own": ${eventsPerSecond} events a second, each for one subscriber. "all": one event for every subscriber at once.`],
    columns: ['subscriptions', 'connects/s', 'own p50 ms', 'own p99 ms', 'gateway CPU %', 'all p50 ms', 'all p99 ms', 'gateway RSS MiB', 'KiB each'],
    rows,
  }];
};
