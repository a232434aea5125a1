/** Sets of values on disk, and what becomes of them when the agent dies at any of its writes or in the middle of the plugin's. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Configurer, createConfigurer } from '../../../agent/configuration/configurer.ts';
import { createSafeStart, type SafeStart } from '../../../agent/configuration/safe-start.ts';
import { emptySet, type ValueSet, valuesText } from '../../../agent/configuration/value-set.ts';
import { type AgentState, createStateKeeper, initialState, type StateKeeper } from '../../../agent/state/agent-state.ts';
import { openSlotStore, slotCount, type SlotStore } from '../../../agent/state/slot-store.ts';
import { silentLog } from '../../../kernel/log.ts';
import { type GuestContext, GuestFault, type GuestHalf } from '../../../strategies/spi/guest.ts';

let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-values-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });
const openStore = (): Promise<SlotStore> => openSlotStore(join(folder, 'slots'));
const keeperOf = (store: SlotStore): StateKeeper => createStateKeeper(store, join(folder, 'state.json'), silentLog);
const set = (parameters: Record<string, string>, configuration: string): ValueSet => ({ sizing: { memory: '1' }, parameters, configuration });
/** What another process would find. */
async function reopened<T>(store: SlotStore, look: (store: SlotStore) => T): Promise<T> {
  await store.close();
  const again = await openStore();
  try {
    return look(again);
  } finally {
    await again.close();
  }
}

describe('the state on disk', () => {
  it('of an agent that knew no groups is read: its values are in the files, and what runs was started with them', async () => {
    const store = await openStore();
    await store.put('state', { wanted: 'RUNNING', prepared: true, sizing: { memory: '1' }, engine: null, crashes: 3, crashTimesMs: [1] });
    const found = await reopened(store, (again) => keeperOf(again).current());
    expect(found).toMatchObject({ wanted: 'RUNNING', prepared: true, crashes: 3, inForce: { sizing: { memory: '1' }, parameters: {}, configuration: '' }, good: null, before: null, rejected: null });
    expect([found.filesHold, found.startedWith]).toEqual([expect.any(String), found.filesHold]);
  });
  it('of a new agent is the initial one', async () => {
    const store = await openStore();
    expect(await reopened(store, (again) => keeperOf(again).current())).toEqual(initialState);
  });
  it('has four sets, however large, beside a full journal, and the slots of those that nobody needs any more are used again', async () => {
    const store = await openStore();
    const keeper = keeperOf(store);
    for (let index = 0; index < 192; index++) await store.put(`run/${index}`, '');
    const large = (mark: string): ValueSet => set(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`parameter_${index}_"\\\n`, `${mark}${'x'.repeat(40)}`])), `cg_1/${mark}`);
    // One new set at a time, as the agent is told them.
    for (let round = 0; round < 12; round++) {
      for (const one of ['inForce', 'good', 'keptGood', 'before'] as const) await keeper.update({ [one]: large(`${one[0]}${round}`) });
    }
    const expected = keeper.current();
    expect(expected.inForce).toEqual(large('i11'));
    expect(store.freeSlots()).toBeGreaterThan(slotCount - 192 - 42);
    expect(await reopened(store, (again) => keeperOf(again).current())).toEqual(expected);
  });
  it('the same values are kept once, and changes at the same time are all there', async () => {
    const store = await openStore();
    const keeper = keeperOf(store);
    const [one, other] = [set({ a: '1' }, 'cg_1/1'), set({ a: '1' }, 'cg_2/5')];
    await Promise.all([keeper.update({ inForce: one }), keeper.update({ good: other }), keeper.update({ crashes: 2 }), keeper.update({ before: one })]);
    expect(store.keys().filter((key) => key.startsWith('values/'))).toHaveLength(1);
    expect(await reopened(store, (again) => keeperOf(again).current())).toMatchObject({ inForce: one, good: other, before: one, crashes: 2 });
  });
  it('whose values are damaged leaves the engine\'s files as they are', async () => {
    const store = await openStore();
    await keeperOf(store).update({ prepared: true, inForce: set({ a: '1' }, 'cg_1/1'), filesHold: 'somewhat' });
    store.forget(store.keys().filter((key) => key.startsWith('values/')));
    const found = keeperOf(store).current();
    expect(found).toMatchObject({ prepared: true, inForce: emptySet, good: null });
    expect(found.filesHold).not.toBeNull();
    await store.close();
  });
});

/** An engine as simple as can be: it reads its file when it starts, and does not start with poison in it. */
interface Engine { file: string; runsWith: string | null; pid: number; /** it starts with no values at all */ isPortTaken?: boolean }
class Killed extends Error {}
const poisonous = set({ poison: '1' }, 'cg_1/2');
const former = set({ a: '1' }, 'cg_1/1');
const later = set({ a: '2' }, 'cg_1/3');

/** One life of the agent; it ends at the given use of the disk or of the engine. */
async function live<T>(engine: Engine, dieAt: number, work: (parts: { configurer: Configurer; startSafely: SafeStart; state: StateKeeper; context: () => GuestContext; guest: GuestHalf }) => Promise<T>): Promise<{ result: T | null; uses: number }> {
  let uses = 0;
  const use = (): void => { if (++uses >= dieAt) throw new Killed('killed'); };
  const store = await openStore();
  const dying: SlotStore = {
    ...store,
    async put(key, value) {
      use();
      await store.put(key, value);
      use();
    },
  };
  const state = keeperOf(dying);
  const handle = { pid: () => (engine.runsWith === null ? null : engine.pid), logTail: async () => ['FATAL: poison'] };
  const context = (): GuestContext => ({ signal: new AbortController().signal, engine: handle, sizing: state.current().inForce.sizing, parameters: state.current().inForce.parameters }) as unknown as GuestContext;
  const guest = {
    async configure(ctx: GuestContext) {
      const text = valuesText({ sizing: ctx.sizing, parameters: ctx.parameters, configuration: '' });
      use();
      engine.file = text.slice(0, -3);
      use();
      engine.file = text;
      use();
      return { changed: true, restartRequired: engine.runsWith === null || engine.runsWith === text ? [] : ['a'] };
    },
    async start() {
      if (engine.runsWith !== null) return;
      use();
      await state.update({ startedWith: state.current().filesHold });
      if (engine.isPortTaken) throw new GuestFault('FAILED_TO_START', 'the port is taken');
      if (engine.file.includes('poison') || !engine.file.endsWith(']]]')) throw new GuestFault('FAILED_TO_START', 'it ended');
      engine.runsWith = engine.file;
      engine.pid++;
    },
  } as unknown as GuestHalf;
  const timeouts = { initialiseMs: 1_000, startMs: 1_000, stopMs: 1_000, probeMs: 1_000, statementMs: 1_000 };
  const configurer = createConfigurer({ guest, timeouts, state, context, log: silentLog });
  try {
    const result = await work({ configurer, startSafely: createSafeStart(state, configurer), state, context, guest });
    return { result, uses };
  } catch (error) {
    if (uses < dieAt) throw error;
    return { result: null, uses };
  } finally {
    await store.close();
  }
}

describe('an agent that is killed at any point', () => {
  /** An engine that runs well with the former values. */
  const prepared = async (): Promise<Engine> => {
    await rm(join(folder, 'slots'), { force: true });
    const engine: Engine = { file: '', runsWith: null, pid: 0 };
    await live(engine, Infinity, async ({ configurer, startSafely, context, guest, state }) => {
      await configurer.begin(former);
      await startSafely(context, (ctx) => guest.start(ctx));
      configurer.seenWell();
      await state.update({});
    });
    expect(engine.runsWith).toBe(valuesText(former));
    return engine;
  };
  /** Supervision: tried a few times as after crashes; the agent may be killed in the first. */
  const supervised = async (engine: Engine, dieAt = Infinity): Promise<number> => {
    const attempt = (at: number) => live(engine, at, async ({ configurer, startSafely, context, guest, state }) => {
      await startSafely(context, (ctx) => guest.start(ctx));
      configurer.seenWell();
      await state.update({});
    });
    const { uses } = await attempt(dieAt);
    await attempt(Infinity);
    return uses;
  };
  const stateNow = async (engine: Engine): Promise<AgentState> => (await live(engine, Infinity, async ({ state }) => state.current())).result!;

  /** Every one that a whole run has. */
  const eachPoint = async (run: (dieAt: number, last: number) => Promise<number>): Promise<void> => {
    const last = await run(Infinity, Infinity);
    expect(last).toBeGreaterThan(5);
    for (let dieAt = 1; dieAt <= last; dieAt++) await run(dieAt, last);
  };

  it('while it gives values up comes back with the former ones', async () => {
    await eachPoint(async (dieAt) => {
      const engine = await prepared();
      await live(engine, Infinity, ({ configurer, context }) => configurer.apply(context(), poisonous));
      engine.runsWith = null;
      const uses = await supervised(engine, dieAt);
      const { inForce, good, before, rejected } = await stateNow(engine);
      expect([engine.runsWith, engine.file], `killed at ${dieAt}`).toEqual([valuesText(former), valuesText(former)]);
      expect({ inForce, good, before, rejected }, `killed at ${dieAt}`).toEqual({ inForce: former, good: former, before: null, rejected: { configuration: 'cg_1/2', reason: 'it ended (last lines of its log: FATAL: poison)' } });
      return uses;
    });
  });

  it('keeps values with which the engine did not start while it starts with the former ones as little', async () => {
    await eachPoint(async (dieAt) => {
      const engine = await prepared();
      await live(engine, Infinity, ({ configurer, context }) => configurer.apply(context(), later));
      Object.assign(engine, { runsWith: null, isPortTaken: true });
      const start = (at: number) => live(engine, at, ({ startSafely, context, guest }) => startSafely(context, (ctx) => guest.start(ctx)).catch((error: unknown) => { if (!(error instanceof GuestFault)) throw error; return error.message; }));
      const { result, uses } = await start(dieAt);
      if (dieAt === Infinity) {
        expect(result).toMatch(/With its new values: .*taken.*With the former ones: .*taken/);
        expect(await stateNow(engine)).toMatchObject({ inForce: later, good: former, before: null, rejected: null });
      }
      await start(Infinity);
      Object.assign(engine, { isPortTaken: false });
      await supervised(engine);
      const { inForce, before, rejected } = await stateNow(engine);
      // Killed between its two starts it has given them up: what it had found out is all that it knows.
      const isKept = rejected === null;
      expect([engine.runsWith, inForce, before], `killed at ${dieAt}`).toEqual([valuesText(isKept ? later : former), isKept ? later : former, null]);
      if (dieAt === Infinity) expect(isKept).toBe(true);
      return uses;
    });
  });

  it('keeps what there is to go back to of a change that was cut off before such a start', async () => {
    const engine = await prepared();
    await live(engine, Infinity, async ({ configurer, startSafely, context, guest, state }) => {
      const configureWell = guest.configure.bind(guest);
      guest.configure = () => Promise.reject(new GuestFault('RETRYABLE', 'not now'));
      await expect(configurer.apply(context(), later)).rejects.toThrow('not now');
      guest.configure = configureWell;
      Object.assign(engine, { runsWith: null, isPortTaken: true });
      await expect(startSafely(context, (ctx) => guest.start(ctx))).rejects.toThrow(/With the former ones: .*taken/);
      expect(state.current()).toMatchObject({ inForce: later, before: former, rejected: null });
      engine.isPortTaken = false;
      await configurer.settle();
      await startSafely(context, (ctx) => guest.start(ctx));
      expect(state.current()).toMatchObject({ inForce: former, before: null, rejected: null });
      expect(engine.runsWith).toBe(valuesText(former));
    });
  });

  it('gives nothing up when the start with the former values is called off', async () => {
    const engine = await prepared();
    await live(engine, Infinity, ({ configurer, context }) => configurer.apply(context(), later));
    Object.assign(engine, { runsWith: null, isPortTaken: true });
    await live(engine, Infinity, async ({ configurer, startSafely, context, guest, state }) => {
      const controller = new AbortController();
      let starts = 0;
      const start = (ctx: GuestContext): Promise<void> => {
        if (++starts === 2) controller.abort(new Error('a command took over'));
        return guest.start(ctx);
      };
      await expect(startSafely(() => ({ ...context(), signal: controller.signal }), start)).rejects.toThrow('taken');
      expect([starts, state.current(), configurer.told()]).toMatchObject([2, { inForce: later, rejected: null }, { rejected: null }]);
      engine.isPortTaken = false;
      await startSafely(context, (ctx) => guest.start(ctx));
      expect(engine.runsWith).toBe(valuesText(later));
    });
  });

  it('takes nothing back while the engine runs, or when it was told others since', async () => {
    const engine = await prepared();
    await live(engine, Infinity, async ({ configurer, context, state }) => {
      await configurer.apply(context(), poisonous);
      const given = { configuration: 'cg_1/2', reason: 'it ended' };
      await state.update({ inForce: former, rejected: given });
      await configurer.takeBack({ inForce: poisonous, before: null }, given);
      // It runs.
      expect(state.current()).toMatchObject({ inForce: former, rejected: given });
      engine.runsWith = null;
      await configurer.apply(context(), later);
      await configurer.takeBack({ inForce: poisonous, before: null }, given);
      expect(state.current()).toMatchObject({ inForce: later, rejected: null });
    });
  });

  it('while it configures: repeated, the new values hold; called off, those from before; also when the engine was started between', async () => {
    await eachPoint(async (dieAt, last) => {
      let uses = 0;
      for (const isRepeated of [true, false]) {
        for (const isEngineLost of [true, false]) {
          const where = `killed at ${dieAt}, ${isRepeated ? 'repeated' : 'called off'}, engine ${isEngineLost ? 'lost' : 'kept'}`;
          const engine = await prepared();
          const first = await live(engine, dieAt, ({ configurer, context }) => configurer.apply(context(), later));
          uses = first.uses;
          if (isEngineLost) {
            engine.runsWith = null;
            await supervised(engine);
          }
          // Killed after its last write it has done all but say so.
          const isDone = dieAt >= last;
          expect(first.result !== null).toBe(dieAt === Infinity);
          await live(engine, Infinity, ({ configurer, context }) => (isRepeated && !isDone ? configurer.apply(context(), later).then(() => undefined) : configurer.settle()));
          const { inForce, before } = await stateNow(engine);
          const expected = isRepeated || isDone ? later : former;
          expect([inForce, before, engine.file], where).toEqual([expected, null, valuesText(expected)]);
          engine.runsWith = null;
          await supervised(engine);
          expect(engine.runsWith, where).toBe(valuesText(expected));
          expect((await stateNow(engine)).good, where).toEqual(expected);
        }
      }
      return uses;
    });
  });

  it('while it puts the values from before back goes on with that', async () => {
    await eachPoint(async (dieAt) => {
      const engine = await prepared();
      const refused = await live(engine, dieAt, async ({ configurer, context, guest }) => {
        const configureWell = guest.configure.bind(guest);
        guest.configure = async (ctx) => {
          if (ctx.parameters['a'] !== '2') return configureWell(ctx);
          engine.file = 'half written';
          throw new GuestFault('REFUSED', 'a: no');
        };
        await expect(configurer.apply(context(), later)).rejects.toThrow(dieAt === Infinity ? 'a: no' : /./);
      });
      await live(engine, Infinity, ({ configurer }) => configurer.settle());
      const { inForce, before } = await stateNow(engine);
      expect([inForce, before, engine.file], `killed at ${dieAt}`).toEqual([former, null, valuesText(former)]);
      return refused.uses;
    });
  });
});
