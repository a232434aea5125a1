import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { capabilityFor } from '../../../agent/commands/catalogue.ts';
import { createCatalogue } from '../../../agent/configuration/catalogue.ts';
import { decideGiveUp, decideGood, decideSeen, decideSized, decideStillSeen, decideTold } from '../../../agent/configuration/decide.ts';
import { createConfigurationLook } from '../../../agent/configuration/look.ts';
import { createSettling } from '../../../agent/configuration/settling.ts';
import { digestOfValues, emptySet, parseValues, type ValueSet, valuesText } from '../../../agent/configuration/value-set.ts';
import { type AgentState, initialState } from '../../../agent/state/agent-state.ts';
import type { EngineState } from '../../../agent/supervisor/engine-view.ts';
import { describeFailedStart } from '../../../agent/supervisor/fault-text.ts';
import { silentLog } from '../../../kernel/log.ts';
import { grantedCapabilities, type GuestContext } from '../../../strategies/spi/guest.ts';
import type { LiveParameter, ParameterSpec } from '../../../strategies/spi/parameters.ts';

const set = (parameters: Record<string, string>, configuration = 'cg_1/1'): ValueSet => ({ sizing: { memory: '1' }, parameters, configuration });
const [old, fresh] = [set({ a: '1' }), set({ a: '2' }, 'cg_1/2')];

describe('a set of values', () => {
  it('has one digest, whatever the order and the group\'s name', () => {
    expect(digestOfValues(set({ a: '1', b: '2' }))).toBe(digestOfValues(set({ b: '2', a: '1' }, 'cg_2/7')));
    expect(new Set([old, fresh, emptySet, { ...old, sizing: {} }, { ...old, sizing: old.parameters, parameters: old.sizing }].map(digestOfValues)).size).toBe(5);
  });
  it('is read as it was written', () => expect({ ...parseValues(valuesText(old)), configuration: old.configuration }).toEqual(old));
});

describe('values with which the engine did not start', () => {
  const input = { tried: digestOfValues(fresh), inForce: fresh, good: old, isRunning: false, isAborted: false };
  it('are given up for the last good ones', () => expect(decideGiveUp(input)).toBe(true));
  it.each([
    ['no others are known to be good', { good: null }], ['those were good before', { good: fresh }], ['those were good under another name', { good: { ...fresh, configuration: 'cg_9/1' } }],
    ['the engine runs', { isRunning: true }], ['the start was called off', { isAborted: true }], ['others are in force by now', { inForce: set({ a: '3' }) }],
  ])('are kept when %s', (_when, change) => expect(decideGiveUp({ ...input, ...change })).toBe(false));
});

describe('values of an engine that is seen well', () => {
  const input = { inForce: fresh, good: old, before: null, startedWith: digestOfValues(fresh) };
  it('are good when it was started with them', () => {
    expect(decideGood(input)).toBe(true);
    expect(decideGood({ ...input, good: null })).toBe(true);
    expect(decideGood({ ...input, good: { ...fresh, configuration: 'cg_9/1' } })).toBe(true);
  });
  it('are not when it was started with others, with nobody knows what, or while they are being changed', () => {
    expect([decideGood({ ...input, startedWith: digestOfValues(old) }), decideGood({ ...input, startedWith: null }), decideGood({ ...input, before: old })]).toEqual([false, false, false]);
  });
  it('are no news when they were good already', () => expect(decideGood({ ...input, good: fresh })).toBe(false));
});

describe('what is read from the engine', () => {
  const live = (name: string, value: string, pending: string | null = null): LiveParameter => ({ name, value, pending });
  const given = { a: '1', toString: '1', fixed: '8' };
  const specs = [{ name: 'a', apply: 'LIVE' }, { name: 'fixed', apply: 'RESTART' }] as const;
  it.each([
    ['what was given', [live('a', '1'), live('other', '7')], false, [], []],
    ['a value that waits', [live('a', '0', '1')], false, ['a'], []],
    ['a value that waits to be what it is without the group', [live('other', '7', '0')], true, ['other'], []],
    ['another value', [live('a', '2')], false, [], ['a']],
    ['another value in the files', [live('a', '1', '2')], false, [], ['a']],
    ['neither in the files nor live what was given', [live('a', '3', '2')], false, [], ['a']],
    ['another value than it was started with', [live('a', '2', '1')], true, [], ['a']],
    ['a name that every object has', [live('constructor', '1')], false, [], []],
    ['what the engine made at its start of a value that no running one takes', [live('fixed', '1')], true, [], []],
    ['another value in the files, that no running one takes', [live('fixed', '8', '4')], true, [], ['fixed']],
    ['a value that no running one takes and that waits again', [live('fixed', '1', '8')], false, ['fixed'], []],
    ['several, in order', [live('c', '0', '1'), live('b', '0', '1')], false, ['b', 'c'], []],
  ] as const)('%s', (_what, found, isStartedWithThem, restartRequired, drifted) => expect(decideSeen([...found], given, isStartedWithThem, specs)).toEqual({ restartRequired, drifted }));
});

describe('what follows from the flavor', () => {
  const spec = (name: string, change: Partial<ParameterSpec> = {}): ParameterSpec => ({ name, type: 'INTEGER', unit: 'kB', default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: '', ...change });
  const specs = [spec('pool'), spec('sort'), spec('port', { owned: 'it is ours' })];
  const given = { sizing: { sort: '4MB', pool: '8MB', port: '1', unknown: '1' }, parameters: {} };
  const live = (pool: string, pending: string | null = null): LiveParameter[] => [{ name: 'pool', value: pool, pending }, { name: 'sort', value: '4096', pending: null }, { name: 'port', value: '1', pending: null }, { name: 'unknown', value: '1', pending: null }];
  const first = { given, specs, process: 'b/1/1', before: null };
  const seen = decideSized({ ...first, live: live('8192') }).sized;
  const drifted = (change: Partial<Parameters<typeof decideSized>[0]>): string[] => decideSized({ ...first, before: seen, live: live('100'), ...change }).drifted;

  it('is kept by names that the catalogue knows, in one form, once the engine has it', () => {
    expect(seen).toEqual({ process: 'b/1/1', values: { pool: '8192', sort: '4096' } });
    expect(drifted({ live: live('8192') })).toEqual([]);
  });
  it('has drifted when the engine has another value than it had, until it has the former one again', () => {
    const second = decideSized({ ...first, before: seen, live: live('100') });
    expect(second).toEqual({ sized: seen, drifted: ['pool'] });
    expect(drifted({ before: second.sized })).toEqual(['pool']);
    expect(drifted({ before: second.sized, live: live('8192') })).toEqual([]);
  });
  it.each<[string, Partial<Parameters<typeof decideSized>[0]>]>([
    ['the engine never had it: it rounds', { before: decideSized({ ...first, live: live('8000') }).sized }], ['another process has it', { process: 'b/2/1' }], ['it was never read', { before: null }],
    ['another flavor gives another', { given: { ...given, sizing: { ...given.sizing, pool: '16MB' } } }], ['a group sets it', { given: { ...given, parameters: { pool: '100' } } }],
    ['it waits for a restart', { live: live('100', '8192') }], ['the engine does not tell it', { live: [] }], ['the plugin has no catalogue', { specs: [] }],
  ])('has not when %s', (_when, change) => expect(drifted(change)).toEqual([]));
  it('that a group has set meanwhile has to be seen anew', () => {
    const between = decideSized({ ...first, before: seen, live: live('100'), given: { ...given, parameters: { pool: '100' } } }).sized;
    expect(between.values).toEqual({ sort: '4096' });
    expect(drifted({ before: between })).toEqual([]);
  });
});

describe('the catalogue in the agent', () => {
  const spec: ParameterSpec = { name: 'pool', type: 'INTEGER', unit: 'kB', default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: 'It has one.' };
  it('is asked once, for its track', async () => {
    const parameters = vi.fn(async () => [spec]);
    const catalogue = createCatalogue({ control: { parameters }, track: '1', log: silentLog });
    expect([await catalogue(), await catalogue(), parameters.mock.calls]).toEqual([[spec], [spec], [[{ track: '1' }]]]);
  });
  it('is none where the plugin has none, fails, or tells something else; a failure may pass', async () => {
    const of = (parameters?: () => unknown) => createCatalogue({ control: (parameters ? { parameters } : {}) as never, track: '1', log: silentLog });
    expect([await of()(), await of(async () => [{ ...spec, type: 'NONE' }])(), await of(async () => 'no')(), await of(() => { throw new Error('no'); })()]).toEqual([[], [], [], []]);
    let isDown = true;
    const later = of(async () => { if (isDown) throw new Error('not now'); return [spec]; });
    expect(await later()).toEqual([]);
    isDown = false;
    expect(await later()).toEqual([spec]);
  });
});

describe('what is told of the values', () => {
  const seen = { restartRequired: ['a'], drifted: ['b'] };
  it('was seen of an engine that was stopped since no more: its next start takes the files in whole', () => {
    expect(decideStillSeen({ seen, engine: 'down', wanted: 'STOPPED' })).toEqual({ restartRequired: [], drifted: [] });
    expect(decideStillSeen({ seen: null, engine: 'down', wanted: 'STOPPED' })).toBeNull();
    // It comes back by itself, and is seen anew then.
    for (const engine of ['down', 'crash-loop', 'ok'] as const) expect(decideStillSeen({ seen, engine, wanted: 'RUNNING' })).toBe(seen);
  });
  const input = { prepared: true, inForce: fresh, before: null, rejected: null, seen, canRead: true, engine: 'ok' as EngineState };
  it('is what was applied and seen', () => expect(decideTold(input)).toEqual({ applied: 'cg_1/2', ...seen }));
  it('is nothing before there is data, or before the engine was read', () => {
    expect(decideTold({ ...input, prepared: false })).toBeUndefined();
    for (const engine of ['ok', 'starting', 'hung', 'unknown'] as const) expect(decideTold({ ...input, seen: null, engine })).toBeUndefined();
  });
  it.each(['down', 'crash-loop'] as const)('is what was applied alone while an engine that was not read yet is %s: its next start takes it', (engine) => {
    expect(decideTold({ ...input, seen: null, engine })).toEqual({ applied: 'cg_1/2', restartRequired: [], drifted: [] });
    expect(decideTold({ ...input, seen: null, engine, prepared: false })).toBeUndefined();
  });
  it('are those from before while a change has not ended', () => expect(decideTold({ ...input, before: old })?.applied).toBe('cg_1/1'));
  it('is why some were given up, also before the engine was read', () => {
    expect(decideTold({ ...input, seen: null, rejected: { configuration: 'cg_1/3', reason: 'FATAL' } })).toEqual({ applied: 'cg_1/2', restartRequired: [], drifted: [], rejected: 'cg_1/3', rejectedReason: 'FATAL' });
  });
  it('is what was applied alone where the plugin cannot tell', () => expect(decideTold({ ...input, seen: null, canRead: false })).toMatchObject({ applied: 'cg_1/2', restartRequired: [], drifted: [] }));
});

describe('capabilities', () => {
  const order = { sizing: { a: '1' }, parameters: {}, configuration: '' };
  it('sizing needs none, values of a group do', () => {
    expect(capabilityFor({ $case: 'configure', value: order })).toBeNull();
    expect(capabilityFor({ $case: 'configure', value: { ...order, parameters: { a: '1' } } })).toBe('CONFIGURATION');
    expect(capabilityFor({ $case: 'initialise', value: { ...order, managementSecret: 's', parameters: { a: '1' } } })).toBe('CONFIGURATION');
    expect(capabilityFor({ $case: 'enableRoot', value: { password: 'p' } })).toBe('ROOT');
  });
  it('a plugin that claims CONFIGURATION for its configure alone has not got it', () => {
    expect(grantedCapabilities(['TLS', 'CONFIGURATION'], {})).toEqual(['TLS']);
    expect(grantedCapabilities(['TLS', 'CONFIGURATION'], { configuration: { describe: async () => [], read: async () => [] } })).toEqual(['CONFIGURATION', 'TLS']);
  });
});

describe('the reason of a failed start', () => {
  it('has the end of the engine\'s log once, within bounds', async () => {
    const logTail = async (): Promise<string[]> => ['FATAL: no', 'bye'];
    expect(await describeFailedStart(new Error('it ended'), { logTail })).toBe('it ended (last lines of its log: FATAL: no / bye)');
    expect(await describeFailedStart(new Error('it ended: FATAL: no / bye'), { logTail })).toBe('it ended: FATAL: no / bye');
    expect((await describeFailedStart(new Error('x'.repeat(9_000)), { logTail })).length).toBe(2_000);
  });
});

describe('in the course of time', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });
  const timeouts = { initialiseMs: 1, startMs: 1, stopMs: 1, probeMs: 1, statementMs: 1_000 };

  it('a change that nobody finishes is taken back once it was noticed for a minute', async () => {
    const settled: (ValueSet | null)[] = [];
    let unsettled: ValueSet | null = null;
    const settling = createSettling({ configurer: { unsettled: () => unsettled, settle: async () => { settled.push(unsettled); unsettled = null; } }, runner: { inTurn: (work) => work(AbortSignal.timeout(1_000)) }, timeouts, log: silentLog });
    settling.begin();
    await vi.advanceTimersByTimeAsync(59_000);
    unsettled = old;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).toEqual([old]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(settled).toEqual([old]);
    settling.end();
  });

  /** by the time of these tests */
  const abortedLater = (): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('too late')), timeouts.statementMs);
    return controller.signal;
  };
  const world = (read: (nth: number) => Promise<LiveParameter[]>, kept: Pick<AgentState, 'sized'> = { sized: null }) => {
    let reads = 0;
    let changes = 0;
    const health = { state: 'ok' as 'ok' | 'down', detail: null, version: null, managementLost: false, crashes: 0 };
    const state = { ...initialState, prepared: true, inForce: old, engine: { pid: 1, startTime: '1', bootId: 'b', logFile: 'l' }, ...kept };
    const listeners = { configurer: [] as (() => void)[], supervisor: [] as (() => void)[] };
    const news: unknown[] = [];
    const onChange = (of: keyof typeof listeners) => (listener: () => void): void => void listeners[of].push(listener);
    const tell = (of: keyof typeof listeners): void => listeners[of].forEach((listener) => listener());
    const look = createConfigurationLook({
      guest: { configuration: { describe: async () => [], read: () => read(++reads) } }, specs: async () => [{ name: 'memory', type: 'INTEGER', unit: null, default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: '' }], timeouts, log: silentLog, state: { current: () => state, update: async (change) => void Object.assign(state, change) },
      configurer: { changes: () => changes, onChange: onChange('configurer') }, supervisor: { health: () => health, onChange: onChange('supervisor') }, context: () => ({ signal: abortedLater() }) as GuestContext,
    });
    look.onChange(() => news.push(look.seen()));
    look.begin();
    return { look, health, state, news, reads: () => reads, changed: () => { changes++; tell('configurer'); }, heard: () => tell('supervisor') };
  };

  it('the engine is read at once, every minute, and at once after a change or another start', async () => {
    const { look, state, reads, changed, heard, news } = world(async (nth) => [{ name: 'a', value: nth < 3 ? '1' : '5', pending: null }]);
    await vi.advanceTimersByTimeAsync(59_000);
    heard();
    expect([reads(), look.seen()]).toEqual([1, { restartRequired: [], drifted: [] }]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(reads()).toBe(2);
    changed();
    await vi.advanceTimersByTimeAsync(0);
    expect([reads(), look.seen()]).toEqual([3, { restartRequired: [], drifted: ['a'] }]);
    state.engine.pid = 2;
    heard();
    await vi.advanceTimersByTimeAsync(0);
    expect(reads()).toBe(4);
    expect(news).toEqual([{ restartRequired: [], drifted: [] }, { restartRequired: [], drifted: ['a'] }]);
    look.end();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(reads()).toBe(4);
  });
  it('what follows from the flavor and is changed by hand is told at the next look, and by the next agent too', async () => {
    const { look, state } = world(async (nth) => [{ name: 'memory', value: nth === 1 ? '1' : '2', pending: null }]);
    await vi.advanceTimersByTimeAsync(0);
    expect([look.seen()?.drifted, state.sized?.values]).toEqual([[], { memory: '1' }]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([look.seen()?.drifted, state.sized?.values]).toEqual([['memory'], { memory: '1' }]);
    look.end();
    const next = world(async () => [{ name: 'memory', value: '2', pending: null }], { sized: state.sized });
    await vi.advanceTimersByTimeAsync(0);
    expect(next.look.seen()?.drifted).toEqual(['memory']);
    next.look.end();
  });
  it('one that is not well, or in the middle of a change, is not read', async () => {
    const { look, health, state, reads, heard } = world(async () => []);
    await vi.advanceTimersByTimeAsync(0);
    health.state = 'down';
    state.engine.pid = 3;
    heard();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(reads()).toBe(1);
    health.state = 'ok';
    Object.assign(state, { before: old });
    heard();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(reads()).toBe(1);
    Object.assign(state, { before: null });
    heard();
    await vi.advanceTimersByTimeAsync(0);
    expect(reads()).toBe(2);
    look.end();
  });
  it('a plugin that throws is asked again with pauses, one that never answers about another process alone', async () => {
    const throwing = world(async () => { throw new Error('no'); });
    await vi.advanceTimersByTimeAsync(15_000);
    expect([throwing.reads(), throwing.look.seen()]).toEqual([4, null]);
    throwing.look.end();
    const silent = world(() => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(600_000);
    silent.changed();
    await vi.advanceTimersByTimeAsync(600_000);
    expect([silent.reads(), silent.look.seen()]).toEqual([1, null]);
    silent.state.engine.pid = 2;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(silent.reads()).toBe(2);
    silent.look.end();
  });
  it('an answer that comes in the middle of a change is not told', async () => {
    const first = Promise.withResolvers<LiveParameter[]>();
    const { look, state, reads, changed, news } = world((nth) => (nth === 1 ? first.promise : Promise.resolve([{ name: 'a', value: '1', pending: null }])));
    Object.assign(state, { before: fresh });
    first.resolve([{ name: 'a', value: '2', pending: null }]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([reads(), news]).toEqual([1, []]);
    Object.assign(state, { before: null });
    changed();
    await vi.advanceTimersByTimeAsync(0);
    expect([reads(), news]).toEqual([2, [{ restartRequired: [], drifted: [] }]]);
    look.end();
  });
  it('an answer that a change has overtaken is not told, and asked for again', async () => {
    const first = Promise.withResolvers<LiveParameter[]>();
    const { look, reads, changed, news } = world((nth) => (nth === 1 ? first.promise : Promise.resolve([])));
    changed();
    first.resolve([{ name: 'a', value: '9', pending: null }]);
    await vi.advanceTimersByTimeAsync(100);
    expect([reads(), news]).toEqual([2, [{ restartRequired: [], drifted: [] }]]);
    look.end();
  });
});
