import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Worker } from '../../../gateway/operations/worker.ts';
import type { OperationView } from '../../../gateway/operations/workflow.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore, type TestStore } from '../../support/store.ts';
import { createToyWorld, effectsOf, eventsOf, toyTables, wakeDeaf, type ToyWorld } from './toy.ts';

let server: TestPostgres;
let test: TestStore;
let world: ToyWorld;
const workers: Worker[] = [];
const started = (worker: Worker): Worker => { workers.push(worker); worker.start(); return worker; };
const by = { actor: 'token:other', clientAddress: '10.0.0.1', requestId: 'r2' };

beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => {
  test = await createTestStore(server);
  await test.store.query(toyTables);
  world = await createToyWorld(test.store);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  world.operations.close();
  await test.store.close();
});

const end = (op: { id: string }): ReturnType<ToyWorld['operations']['waitForEnd']> => world.operations.waitForEnd(op.id, 15_000);
/** Resolves when the operation's view is as wished. */
async function until(id: string, wish: (view: OperationView) => boolean): Promise<OperationView> {
  let tell = (): void => {};
  const stop = test.store.listen('coffer_event', () => tell());
  try {
    for (;;) {
      const next = new Promise<void>((resolve) => { tell = resolve; });
      const view = await world.operations.get(id);
      if (view && wish(view)) return view;
      await next;
    }
  } finally { stop(); }
}
const rows = <T>(text: string, ...values: unknown[]): Promise<T[]> => test.store.query<T>(text, values);
const subject = async (id: string): Promise<{ epoch: string; task: OperationView | null }> => (await rows<{ epoch: string; task: OperationView | null }>('select * from toy_subject where id = $1', id))[0]!;

describe('an operation', () => {
  it('runs its steps in order and leaves a start, its steps and one end behind', async () => {
    const accepted = await world.accept('s1', { skip: 'two' });
    expect(accepted).toMatchObject({ state: 'PENDING', kind: 'toy.make', cancellable: true, steps: [{ name: 'one', state: 'PENDING' }, { name: 'two' }, { name: 'three' }] });
    expect((await subject('s1')).task).toMatchObject({ id: accepted.id });
    started(world.worker('w1'));
    const done = await end(accepted);
    expect(done).toMatchObject({ state: 'SUCCEEDED', progress: 1, fault: null, step: null, cancellable: false, outputs: { one: { made: 'one' }, three: { made: 'three' } } });
    expect(done.steps.map((s) => [s.name, s.state, s.attempts])).toEqual([['one', 'SUCCEEDED', 1], ['two', 'SUCCEEDED', 0], ['three', 'SUCCEEDED', 1]]);
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 1, three: 1 });
    expect(await rows('select state, code from toy_end')).toEqual([{ state: 'SUCCEEDED', code: null }]);
    expect((await subject('s1')).task).toBeNull();
    expect(await rows('select * from subject_lock')).toEqual([]);

    const events = await eventsOf(test.store, accepted.id);
    expect(events.filter((e) => e.phase !== 'PROGRESS').map((e) => [e.type, e.phase, e.actor, e.client_address, e.request_id])).toEqual([
      ['toy.make', 'START', 'token:test', '127.0.0.1', 'r1'], ['toy.make', 'END', 'token:test', '127.0.0.1', 'r1']]);
    const progress = events.map((e) => e.doc!.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    // The document in the log is the one that queries give.
    expect(events.at(-1)!.doc).toEqual(await world.operations.get(accepted.id));
    expect(events[0]!.doc).toEqual(accepted);
  });

  it('keeps its secrets sealed, shows them to its steps only, and forgets them at its end', async () => {
    const accepted = await world.accept('s1', { fail: 'three', final: true });
    const [row] = await rows<{ secrets: Buffer }>('select secrets from operation');
    expect(row!.secrets.includes('correct')).toBe(false);
    started(world.worker('w1'));
    const done = await end(accepted);
    expect(await rows('select distinct secret_seen from toy_call')).toEqual([{ secret_seen: true }]);
    expect(done.fault).toMatchObject({ code: 'ENGINE.REFUSED', message: 'Step three: it does not want ***' });
    expect(await rows('select 1 from operation where secrets is not null')).toEqual([]);
    const everything = JSON.stringify([await eventsOf(test.store, accepted.id), await rows('select * from operation')]);
    expect(everything).not.toContain('correct horse');
  });

  it('repeats a step that fails and goes on', async () => {
    const accepted = await world.accept('s1', { fail: 'two', failTimes: 2 });
    started(world.worker('w1'));
    const done = await end(accepted);
    expect(done.state).toBe('SUCCEEDED');
    expect(done.steps.map((s) => s.attempts)).toEqual([1, 3, 1]);
  });

  it('undoes everything in reverse order when a step fails for good', async () => {
    const accepted = await world.accept('s1', { fail: 'three', failUndo: 'two', failUndoTimes: 1 });
    started(world.worker('w1'));
    const done = await end(accepted);
    expect(done).toMatchObject({ state: 'FAILED', fault: { code: 'OPERATION.STEP_FAILED', message: 'Step three: it did not work' } });
    expect(done.steps.map((s) => [s.state, s.attempts])).toEqual([['CANCELLED', 1], ['CANCELLED', 1], ['CANCELLED', 3]]);
    expect(await rows('select step, delta from toy_effect order by id')).toEqual([
      { step: 'one', delta: 1 }, { step: 'two', delta: 1 }, { step: 'three', delta: 1 }, { step: 'three', delta: -1 }, { step: 'two', delta: -1 }, { step: 'one', delta: -1 }]);
    const events = await eventsOf(test.store, accepted.id);
    expect(events.filter((e) => e.phase !== 'PROGRESS').map((e) => e.phase)).toEqual(['START', 'ERROR']);
  });

  it('ends also when its own end is broken', async () => {
    const accepted = await world.accept('s1', { throwAtEnd: true });
    started(world.worker('w1'));
    expect((await end(accepted)).state).toBe('SUCCEEDED');
    expect(await rows('select * from subject_lock')).toEqual([]);
  });
});

describe('deadlines', () => {
  it('a step that takes too long is stopped and told so', async () => {
    const short = await createToyWorld(test.store, { stepTimeoutMs: 80, attempts: 1 });
    const accepted = await short.accept('s1', { hang: 'two' });
    started(short.worker('w1'));
    const done = await end(accepted);
    expect(done).toMatchObject({ state: 'FAILED', fault: { code: 'OPERATION.STEP_FAILED', message: 'Step two: it did not finish within 0.1 s' } });
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 0 });
    short.operations.close();
  });

  it('an operation past its deadline is undone and says what was running', async () => {
    const short = await createToyWorld(test.store, { timeoutMs: 1_500 });
    const accepted = await short.accept('s1', { hang: 'two' });
    started(short.worker('w1'));
    const done = await end(accepted);
    expect(done).toMatchObject({ state: 'FAILED', fault: { code: 'OPERATION.DEADLINE_EXCEEDED' } });
    expect(done.fault!.message).toContain('"Step two" was under way');
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 0 });
    short.operations.close();
  });

  it('undoing has as much time again and then ends all the same, telling what is left', async () => {
    const short = await createToyWorld(test.store, { timeoutMs: 3_000 });
    const accepted = await short.accept('s1', { fail: 'two', final: true, failUndo: 'two' });
    started(short.worker('w1'));
    const done = await end(accepted);
    expect(done.state).toBe('FAILED');
    expect(done.fault).toMatchObject({ code: 'ENGINE.REFUSED' });
    expect(done.fault!.message).toMatch(/undoing "Step two" did not succeed/);
    short.operations.close();
  });

  it('what nobody can run ends all the same once all its time is over', async () => {
    const accepted = await world.accept('s1', {});
    await test.store.query("update operation set kind = 'toy.forgotten', created_at = now() - interval '3 hours', deadline = now() - interval '2 hours'");
    started(world.worker('w1'));
    expect(await end(accepted)).toMatchObject({ state: 'FAILED', fault: { code: 'OPERATION.DEADLINE_EXCEEDED' } });
  });
});

describe('locks', () => {
  it('an exclusive one refuses every other and names itself', async () => {
    const first = await world.accept('s1', {});
    for (const lockMode of ['EXCLUSIVE', 'SHARED'] as const) {
      await expect(world.accept('s1', {}, { lockMode })).rejects.toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: first.id } });
    }
    await expect(world.accept('s2', {}, { alsoLock: ['s1'] })).rejects.toMatchObject({ code: 'CONFLICT.BUSY' });
    expect(await rows('select 1 from operation')).toHaveLength(1);
  });

  it('shared ones go together and keep exclusive ones out', async () => {
    const first = await world.accept('s1', {}, { lockMode: 'SHARED' });
    await world.accept('s1', {}, { lockMode: 'SHARED' });
    expect((await subject('s1')).task).toBeNull();
    await expect(world.accept('s1', {})).rejects.toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: first.id } });
  });

  it('of twenty that race one is accepted, whatever their mode', async () => {
    await world.accept('s1', {}, { lockMode: 'SHARED' }).then((op) => world.operations.cancel(op.id, by));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => world.accept('s1', {}, { lockMode: i % 2 === 0 ? 'EXCLUSIVE' : 'SHARED' })));
    const held = await rows<{ mode: string }>('select mode from subject_lock');
    const accepted = outcomes.filter((o) => o.status === 'fulfilled').length;
    expect(held).toHaveLength(accepted);
    expect(held.some((h) => h.mode === 'EXCLUSIVE') ? held.length : 1).toBe(1);
  });

  it('every exclusive acceptance raises the epoch of its subject', async () => {
    await world.accept('s1', {});
    expect((await subject('s1')).epoch).toBe('1');
    await world.accept('s1', {}, { preempt: true });
    expect((await subject('s1')).epoch).toBe('2');
    expect(await rows(`select epoch from operation where state = 'PENDING'`)).toEqual([{ epoch: '2' }]);
  });
});

describe('pre-emption', () => {
  it('ends the holder at once, refuses what its worker still writes, and moves the locks', async () => {
    const holder = await world.accept('s1', { hang: 'two' });
    started(world.worker('w1'));
    await until(holder.id, (v) => v.step === 'two' && v.steps[1]!.state === 'RUNNING');
    const taker = await world.accept('s1', {}, { preempt: true, requestId: 'r9' });
    expect(await world.operations.get(holder.id)).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.PREEMPTED' } });
    expect(await end(taker)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await rows('select state, code from toy_end where operation = $1', holder.id)).toEqual([{ state: 'CANCELLED', code: 'OPERATION.PREEMPTED' }]);
    const events = await eventsOf(test.store, holder.id);
    expect(events.filter((e) => e.phase !== 'PROGRESS').map((e) => [e.phase, e.request_id])).toEqual([['START', 'r1'], ['ERROR', 'r1']]);
    expect(events.at(-1)!.phase).toBe('ERROR');
    expect((await subject('s1')).task).toBeNull();
  });
});

describe('cancel', () => {
  it('of what nobody runs yet ends it in the same breath', async () => {
    const accepted = await world.accept('s1', {});
    expect(await world.operations.cancel(accepted.id, by)).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.CANCELLED' } });
    expect(await rows('select * from subject_lock')).toEqual([]);
    const events = await eventsOf(test.store, accepted.id);
    expect(events.map((e) => [e.type, e.phase, e.request_id])).toEqual([
      ['toy.make', 'START', 'r1'], ['toy.make', 'ERROR', 'r1'], ['operation.cancel', 'START', 'r2'], ['operation.cancel', 'END', 'r2']]);
  });

  it('stops the running step and undoes what was done', async () => {
    const accepted = await world.accept('s1', { hang: 'two' });
    started(world.worker('w1'));
    await until(accepted.id, (v) => v.step === 'two');
    expect((await world.operations.cancel(accepted.id, by)).state).toMatch(/CANCELLING|CANCELLED/);
    const done = await end(accepted);
    expect(done).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.CANCELLED' } });
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 0 });
    await expect(world.operations.cancel(accepted.id, by)).rejects.toMatchObject({ code: 'PRECONDITION.NOT_CANCELLABLE' });
  });

  it('is refused where the workflow forbids it, and while a failure is undone', async () => {
    const fixed = await world.accept('s1', {}, { kind: 'toy.fixed' });
    await expect(world.operations.cancel(fixed.id, by)).rejects.toMatchObject({ code: 'PRECONDITION.NOT_CANCELLABLE' });
    const failing = await world.accept('s2', { fail: 'two', final: true, failUndo: 'two', failUndoTimes: 4 });
    started(world.worker('w1'));
    await until(failing.id, (v) => v.fault !== null);
    await expect(world.operations.cancel(failing.id, by)).rejects.toMatchObject({ code: 'PRECONDITION.NOT_CANCELLABLE' });
    expect((await end(failing)).state).toBe('FAILED');
  });
});

describe('retry', () => {
  it('begins a failed one again where it stood, under new locks, in the name of who asked', async () => {
    const accepted = await world.accept('s1', { fail: 'three', failTimes: 3 });
    started(world.worker('w1'));
    expect((await end(accepted)).state).toBe('FAILED');
    const before = await subject('s1');
    const again = await world.operations.retry(accepted.id, by);
    expect(again).toMatchObject({ state: 'PENDING', fault: null, actor: 'token:other' });
    expect(Number((await subject('s1')).epoch)).toBe(Number(before.epoch) + 1);
    expect(await rows('select mode from subject_lock')).toEqual([{ mode: 'EXCLUSIVE' }]);
    const done = await end(accepted);
    expect(done.state).toBe('SUCCEEDED');
    const events = (await eventsOf(test.store, accepted.id)).filter((e) => e.phase !== 'PROGRESS');
    expect(events.map((e) => [e.phase, e.request_id])).toEqual([['START', 'r1'], ['ERROR', 'r1'], ['START', 'r2'], ['END', 'r2']]);
  });

  it('is refused while something else holds the subject, and for what did not fail', async () => {
    const accepted = await world.accept('s1', { fail: 'three', final: true });
    started(world.worker('w1'));
    await end(accepted);
    const other = await world.accept('s1', { hang: 'one' });
    await expect(world.operations.retry(accepted.id, by)).rejects.toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: other.id } });
    await expect(world.operations.retry(other.id, by)).rejects.toMatchObject({ code: 'PRECONDITION.NOT_RETRYABLE' });
    await world.operations.cancel(other.id, by);
  });
});

describe('a step that does not stop when told', () => {
  it('is left behind: what it still writes is refused, the next attempt has a newer fence', async () => {
    const short = await createToyWorld(test.store, { stepTimeoutMs: 100 });
    const accepted = await short.accept('s1', { deaf: 'two' });
    started(short.worker('w1', { leaseMs: 3_000 }));
    const done = await end(accepted);
    expect(done.state).toBe('SUCCEEDED');
    await wakeDeaf(test.store);
    await expect.poll(() => rows('select step from toy_row where step like $1', 'refused%'), { timeout: 5_000 }).toEqual([{ step: 'refused: StepTimeoutError' }]);
    expect(await rows('select 1 from toy_row where step = $1', 'stray')).toEqual([]);
    expect(await effectsOf(test.store, accepted.id)).toEqual({ one: 1, two: 1, three: 1 });
    // The stray call came with fence 1, after the agent had seen fence 2.
    expect(await rows(`select step, attempt from toy_effect order by id`)).toEqual([{ step: 'one', attempt: 1 }, { step: 'two', attempt: 2 }, { step: 'three', attempt: 2 }]);
    short.operations.close();
  });
});

describe('workers', () => {
  it('claim only what is for a target they serve', async () => {
    const elsewhere = await world.accept('s1', {}, { target: 'host2' });
    const here = await world.accept('s2', {}, { target: 'host1' });
    started(world.worker('w1', { targets: ['host1'] }));
    expect((await end(here)).state).toBe('SUCCEEDED');
    expect((await world.operations.get(elsewhere.id))!.state).toBe('PENDING');
    started(world.worker('w2', { targets: ['host2'] }));
    expect((await end(elsewhere)).state).toBe('SUCCEEDED');
  });

  it('that stop hand over at once, and nothing is counted as a failure', async () => {
    const accepted = await world.accept('s1', { hang: 'two' });
    const first = started(world.worker('w1', { leaseMs: 60_000 }));
    await until(accepted.id, (v) => v.step === 'two' && v.steps[1]!.state === 'RUNNING');
    await first.stop();
    expect(await rows('select lease_owner from operation')).toEqual([{ lease_owner: null }]);
    started(world.worker('w2', { leaseMs: 60_000 }));
    await until(accepted.id, (v) => v.steps[1]!.attempts === 2);
    await world.operations.cancel(accepted.id, by);
    await end(accepted);
    expect(await rows(`select journal->'interruptions' as n, journal->'steps'->1->'failures' as f from operation`)).toEqual([{ n: 0, f: 0 }]);
  });

  it('go on after the store was killed and came back', async () => {
    const accepted = await Promise.all(Array.from({ length: 6 }, (_, i) => world.accept(`s${i}`, { fail: 'two', failTimes: 2 })));
    started(world.worker('w1'));
    started(world.worker('w2'));
    await until(accepted[0]!.id, (v) => v.state === 'RUNNING');
    await server.kill();
    await server.restart();
    for (const one of accepted) {
      expect((await end(one)).state).toBe('SUCCEEDED');
      expect(await effectsOf(test.store, one.id)).toEqual({ one: 1, two: 1, three: 1 });
    }
  });
});
