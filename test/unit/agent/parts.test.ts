import { answerJson, handlerOf, parseArguments } from '../../../agent/commands/plugin-handlers.ts';
import { describe, expect, it } from 'vitest';
import { createCommandQueue, queueLimit } from '../../../agent/commands/command-queue.ts';
import { runItems, type ItemLedger } from '../../../agent/commands/items.ts';
import { createProgressHub } from '../../../agent/commands/progress-hub.ts';
import type { FaultRecord } from '../../../agent/journal/record.ts';
import { parseBoot } from '../../../agent/boot.ts';
import { createProber } from '../../../agent/supervisor/prober.ts';
import { createSight } from '../../../agent/reporting/observation.ts';
import { initialState } from '../../../agent/state/agent-state.ts';
import { splitAddresses } from '../../../agent/reporting/address-book.ts';

const never = new AbortController().signal;

describe('the queue of commands', () => {
  it('lets one in at a time, in order, and forgets who gave up', async () => {
    const queue = createCommandQueue();
    const leave = await queue.enter(never);
    const order: string[] = [];
    const gaveUp = new AbortController();
    const [first, quitter, second] = [queue.enter(never), queue.enter(gaveUp.signal), queue.enter(never)];
    void first.then(() => order.push('first'));
    void second.then(() => order.push('second'));
    gaveUp.abort(new Error('no time'));
    await expect(quitter).rejects.toThrow('no time');
    leave();
    leave();
    (await first)();
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(queue.waiting()).toBe(0);
  });
  it('is bounded', async () => {
    const queue = createCommandQueue();
    await queue.enter(never);
    const waiting = Array.from({ length: queueLimit }, () => queue.enter(never));
    await expect(queue.enter(never)).rejects.toThrow(/wait/);
    expect(waiting).toHaveLength(queueLimit);
  });
});

describe('items', () => {
  const ledgerWith = (results: Record<number, FaultRecord | null>): ItemLedger => ({ results: () => results, keepResult: async (index, fault) => { results[index] = fault; } });
  const frame = { signal: never, progress: () => undefined, itemFault: (error: unknown) => ((error as Error).message === 'final' ? { code: 'EXISTS', message: '' } : undefined) };
  it('those with a result are not made again', async () => {
    const made: number[] = [];
    const results = { 1: null };
    await runItems(3, async (index) => { made.push(index); }, ledgerWith(results), frame);
    expect([made, results]).toEqual([[0, 2], { 0: null, 1: null, 2: null }]);
  });
  it('a final fault is one item\'s, another ends the command', async () => {
    const results = {};
    const create = async (index: number): Promise<void> => { if (index > 0) throw new Error(index === 1 ? 'final' : 'down'); };
    await expect(runItems(4, create, ledgerWith(results), frame)).rejects.toThrow('down');
    expect(results).toEqual({ 0: null, 1: { code: 'EXISTS', message: '' } });
  });
});

describe('progress', () => {
  it('never goes back, stays within 0 and 1, and is told to whoever comes late', () => {
    const hub = createProgressHub();
    for (const fraction of [0.5, 0.2, Number.NaN, 7]) hub.tell(fraction, 'x');
    const heard: number[] = [];
    const detach = hub.attach(({ fraction }) => heard.push(fraction));
    detach();
    hub.tell(1, 'y');
    expect(heard).toEqual([1]);
  });
});

describe('the prober', () => {
  const ok = { state: 'ok', detail: null, version: '1', managementLost: false } as const;
  it('a look without an answer is an answer, and no second look is added to it', async () => {
    let looks = 0;
    const release = Promise.withResolvers<typeof ok>();
    const prober = createProber({ look: () => { looks++; return release.promise; }, shouldLook: () => true, timeoutMs: 20, onProbe: () => undefined });
    expect((await prober.now()).probe.state).toBe('hung');
    expect((await prober.now()).probe.state).toBe('hung');
    expect(looks).toBe(1);
    release.resolve(ok);
    await release.promise;
    await Promise.resolve();
    await new Promise((resolve) => { setImmediate(resolve); });
    expect((await prober.now()).probe.state).toBe('ok');
  });
  it('is shared by all who ask at once', async () => {
    let looks = 0;
    const prober = createProber({ look: async () => { looks++; return ok; }, shouldLook: () => true, timeoutMs: 100, onProbe: () => undefined });
    await Promise.all([prober.now(), prober.now(), prober.now()]);
    expect(looks).toBe(1);
  });
});

describe('what the agent reads', () => {
  it('a boot.json that does not fit names what is wrong', () => {
    expect(() => parseBoot({ version: 2 })).toThrow(/version, instanceId, .*paths/);
    expect(() => parseBoot(null)).toThrow(/boot.json/);
  });
  it('several conductor addresses in one text', () => expect(splitAddresses('a:1, b:2,,')).toEqual(['a:1', 'b:2']));
});

describe('an observation', () => {
  const health = { state: 'ok', detail: null, version: '17', managementLost: false, crashes: 0 } as const;
  const input = { boot: { isolation: 'users' as const }, allowance: { limitsUnenforced: null, volumeGb: 1 }, state: { ...initialState, prepared: true, wanted: 'RUNNING' as const }, health, logTail: ['line'], volumeUse: null, rootEnabled: null, afterCommand: '', configuration: { seen: null, canRead: true } };
  it('shows log lines only when the engine is not well', () => {
    expect(createSight(input).logTail).toEqual([]);
    expect(createSight({ ...input, health: { ...health, state: 'down' } }).logTail).toEqual(['line']);
    expect(createSight({ ...input, state: { ...input.state, wanted: 'STOPPED' }, health: { ...health, state: 'down' } }).logTail).toEqual([]);
  });
});

describe('what a plugin adds to the API', () => {
  it('is found by its own names alone', () => {
    const handlers = { memory: 1 };
    expect(handlerOf(handlers, 'memory')).toBe(1);
    for (const name of ['constructor', '__proto__', 'other', '']) expect(() => handlerOf(handlers, name)).toThrow(/does not know/);
    expect(() => handlerOf(undefined, 'memory')).toThrow(/does not know memory/);
  });
  it('takes an object and nothing else', () => {
    expect(parseArguments('{"a":[1]}')).toEqual({ a: [1] });
    for (const json of ['[]', 'null', '1']) expect(() => parseArguments(json)).toThrow(/must be an object/);
  });
  it('answers data of a size that a page can bear', () => {
    expect([answerJson('a', { b: 1 }), answerJson('a', undefined)]).toEqual(['{"b":1}', 'null']);
    expect(() => answerJson('rows', ['é'.repeat(2 ** 15)])).toThrow('answer for rows has 65540 bytes; 65536 are allowed');
  });
});
