import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, secretsOf } from '../../../agent/commands/catalogue.ts';
import { CommandAborted, faultOf, redactor } from '../../../agent/commands/faults.ts';
import { decideIdentity } from '../../../agent/identity/decide-identity.ts';
import { decideSkew, lifetimeOf } from '../../../agent/identity/certificate.ts';
import { hasIdentity } from '../../../agent/identity/peer.ts';
import { decideRun } from '../../../agent/journal/decide-run.ts';
import { decidePrune, fitRecord, journalLimits } from '../../../agent/journal/journal.ts';
import { type CommandRecord, recordKey } from '../../../agent/journal/record.ts';
import { isNews, type Sight } from '../../../agent/reporting/observation.ts';
import { decideFence } from '../../../agent/state/fence-keeper.ts';
import { decideLeftovers } from '../../../agent/supervisor/leftovers.ts';
import { decideSupervision, type SupervisionInput } from '../../../agent/supervisor/decide-supervision.ts';
import { deriveEngineView, type EngineViewInput } from '../../../agent/supervisor/engine-view.ts';
import { decideRestart, rememberCrash, restartLimits } from '../../../agent/supervisor/restart-policy.ts';
import { GuestFault } from '../../../strategies/spi/guest.ts';

const record = (change: Partial<CommandRecord> = {}): CommandRecord => ({
  operationId: 'op_1', step: 'start', kind: 'start', digest: 'd', epoch: 1, attempt: 1, runs: 1, state: 'ended', atMs: 0, items: {},
  outcome: { fault: null, restartRequired: [], rootName: '' }, ...change,
});
const failed = (code: string, change: Partial<CommandRecord> = {}): CommandRecord => record({ outcome: { fault: { code, message: '' }, restartRequired: [], rootName: '' }, ...change });

describe('a repeated command', () => {
  const request = { digest: 'd', epoch: 1, attempt: 1 };
  it('is run when nobody saw it', () => expect(decideRun(undefined, request)).toEqual({ do: 'run', reason: 'first' }));
  it('is run when it was interrupted', () => expect(decideRun(record({ state: 'started', outcome: null }), request)).toEqual({ do: 'run', reason: 'interrupted' }));
  it('is replayed to whoever takes its operation over once it succeeded', () => expect(decideRun(record(), { ...request, attempt: 9 })).toEqual({ do: 'replay' }));
  it('is run anew when its operation was retried, whatever it has become', () => {
    for (const one of [record(), failed('REFUSED'), record({ state: 'started', outcome: null })]) {
      expect(decideRun(one, { digest: 'other', epoch: 2, attempt: 1 })).toEqual({ do: 'run', reason: 'anew' });
    }
  });
  it('of a journal that knew no epochs counts as one of the present', () => {
    const { epoch: _, ...old } = record();
    expect(decideRun(old, { ...request, epoch: 7 })).toEqual({ do: 'replay' });
    expect(decideRun(old, { ...request, digest: 'other', epoch: 7 }).do).toBe('refuse');
  });
  it.each(['RETRYABLE', 'FAILED', 'FAILED_TO_START', 'DEADLINE', 'CANCELLED'])('is run after %s', (code) => expect(decideRun(failed(code), request).do).toBe('run'));
  it.each(['EXISTS', 'MISSING', 'REFUSED'])('is replayed after %s within its attempt only', (code) => {
    expect(decideRun(failed(code), request).do).toBe('replay');
    expect(decideRun(failed(code), { ...request, attempt: 2 }).do).toBe('run');
  });
  it('is refused when the step was used for something else', () => expect(decideRun(record(), { ...request, digest: 'other' }).do).toBe('refuse'));
});

describe('the journal', () => {
  it('forgets the oldest beyond its size and those beyond their age, never the one at hand', () => {
    const many = Array.from({ length: journalLimits.records + 5 }, (_, index) => record({ step: `s${index}`, atMs: index }));
    expect(decidePrune(many, 1_000, recordKey(many[0]!))).toEqual(many.slice(1, 6).map(recordKey));
    expect(decidePrune([record({ step: 'old' }), record({ step: 'kept' })], journalLimits.ageMs + 1, 'run/op_1/kept/start')).toEqual(['run/op_1/old/start']);
  });
  it('shortens messages until a record fits, and keeps every code', () => {
    const items = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [index, { code: 'EXISTS', message: 'x'.repeat(400) }]));
    const fitted = fitRecord(record({ items }), 8_000);
    expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(8_000);
    expect(Object.values(fitted.items).every((fault) => fault?.code === 'EXISTS')).toBe(true);
  });
  it('leaves out names of what waits for a restart until a record fits', () => {
    const restartRequired = Array.from({ length: 300 }, (_, index) => `a_parameter_with_quite_a_long_name_of_its_own_${index}`);
    const fitted = fitRecord(record({ outcome: { fault: null, restartRequired, rootName: '' } }), 8_000);
    expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(8_000);
    expect(fitted.outcome?.restartRequired).toEqual(restartRequired.slice(0, 100));
  });
});

describe('a fence', () => {
  const fence = fc.record({ generation: fc.nat(2), epoch: fc.nat(3), attempt: fc.nat(3) });
  it('is older when generation, then epoch, then the attempt of the same operation is', () => {
    const at = (generation: number, epoch: number, attempt: number, operationId = 'a') => ({ fence: { generation, epoch, attempt }, operationId });
    expect(decideFence(undefined, at(1, 1, 1))).toBe('newer');
    expect(decideFence(at(1, 5, 2), at(2, 1, 1))).toBe('newer');
    expect(decideFence(at(2, 1, 1), at(1, 9, 9))).toBe('older');
    expect(decideFence(at(1, 5, 2), at(1, 4, 3))).toBe('older');
    expect(decideFence(at(1, 5, 2), at(1, 5, 1))).toBe('older');
    expect(decideFence(at(1, 5, 2), at(1, 5, 1, 'b'))).toBe('newer');
    expect(decideFence(at(1, 5, 2), at(1, 5, 2))).toBe('known');
  });
  it('never goes both ways', () => {
    fc.assert(fc.property(fence, fence, (a, b) => {
      const [ab, ba] = [decideFence({ fence: a, operationId: 'x' }, { fence: b, operationId: 'x' }), decideFence({ fence: b, operationId: 'x' }, { fence: a, operationId: 'x' })];
      expect(ab === 'known' ? ba === 'known' : ab !== ba).toBe(true);
    }));
  });
});

describe('restarts', () => {
  it('double their delay, from 0.2 to 30 seconds', () => {
    const crashes: number[] = [];
    const delays = Array.from({ length: 4 }, (_, index) => {
      crashes.push(index * 50_000);
      return decideRestart(crashes, index * 50_000).delayMs;
    });
    expect(delays).toEqual([200, 400, 800, 1600]);
  });
  it('begin anew after a stable run', () => expect(decideRestart([0, 100, 200, restartLimits.stableMs + 201], restartLimits.stableMs + 201).delayMs).toBe(200));
  it('five crashes in two minutes are a loop, which lasts while slow retries fail', () => {
    let crashes: number[] = [];
    for (let index = 0; index < 5; index++) crashes = rememberCrash(crashes, index * 1_000);
    expect(decideRestart(crashes, 4_000)).toEqual({ delayMs: 30_000, isCrashLoop: true });
    for (let round = 1; round <= 10; round++) crashes = rememberCrash(crashes, 4_000 + round * 31_000);
    expect(decideRestart(crashes, 4_000 + 310_000).isCrashLoop).toBe(true);
    expect(crashes.length).toBeLessThanOrEqual(10);
  });
});

describe('supervision', () => {
  const input: SupervisionInput = { prepared: true, wanted: 'RUNNING', held: null, isBusy: false, isAlive: false, isStartComplete: false, nextStartAtMs: 0, nowMs: 1_000 };
  const decide = (change: Partial<SupervisionInput>) => decideSupervision({ ...input, ...change });
  it('starts what should run, when its time has come', () => {
    expect(decide({})).toEqual({ do: 'start', inMs: 0 });
    expect(decide({ nextStartAtMs: 1_300 })).toEqual({ do: 'start', inMs: 300 });
  });
  it('finishes the start of an engine it found', () => expect(decide({ isAlive: true })).toEqual({ do: 'start', inMs: 0 }));
  it('leaves a running engine alone', () => expect(decide({ isAlive: true, isStartComplete: true })).toEqual({ do: 'nothing' }));
  it('stops what should not run', () => {
    expect(decide({ wanted: 'STOPPED', isAlive: true })).toEqual({ do: 'stop' });
    expect(decide({ held: 'full', isAlive: true, isStartComplete: true })).toEqual({ do: 'stop' });
    expect(decide({ held: 'full' })).toEqual({ do: 'nothing' });
  });
  it('keeps its hands off before there is data and while somebody is at work', () => {
    expect(decide({ prepared: false })).toEqual({ do: 'nothing' });
    expect(decide({ isBusy: true, wanted: 'STOPPED', isAlive: true })).toEqual({ do: 'nothing' });
  });
});

describe('what is told of the engine', () => {
  const probe = { state: 'ok', detail: null, version: '1', managementLost: false } as const;
  const input: EngineViewInput = { prepared: true, wanted: 'RUNNING', held: null, isAlive: true, isStarting: false, probe, hungForMs: 0, isCrashLoop: false, lastFault: null };
  const stateOf = (change: Partial<EngineViewInput>): string => deriveEngineView({ ...input, ...change }).state;
  it('is only what was seen', () => {
    expect(stateOf({})).toBe('ok');
    expect(stateOf({ probe: null })).toBe('unknown');
    expect(stateOf({ probe: { ...probe, state: 'hung' } })).toBe('hung');
    expect(stateOf({ probe: { ...probe, state: 'starting' } })).toBe('starting');
    expect(stateOf({ isStarting: true, probe: { ...probe, state: 'down' } })).toBe('starting');
  });
  it('is never hidden by a fault', () => expect(stateOf({ isCrashLoop: true, lastFault: 'it crashed' })).toBe('ok'));
  it('is down, a loop, held or stopped when there is no process', () => {
    expect(stateOf({ isAlive: false, lastFault: 'x' })).toBe('down');
    expect(stateOf({ isAlive: false, isCrashLoop: true })).toBe('crash-loop');
    expect(deriveEngineView({ ...input, isAlive: false, held: 'the volume is full', isCrashLoop: true })).toEqual({ state: 'down', detail: 'the volume is full' });
    expect(deriveEngineView({ ...input, isAlive: false, wanted: 'STOPPED', isCrashLoop: true })).toEqual({ state: 'down', detail: null });
    expect(stateOf({ isAlive: false, prepared: false })).toBe('down');
    expect(stateOf({ isAlive: false, isStarting: true })).toBe('starting');
  });
  it('is never well without a process or an answer', () => {
    fc.assert(fc.property(fc.boolean(), fc.boolean(), fc.boolean(), fc.constantFrom('RUNNING' as const, 'STOPPED' as const), (isStarting, isCrashLoop, prepared, wanted) => {
      expect(stateOf({ isAlive: false, isStarting, isCrashLoop, prepared, wanted, probe })).not.toBe('ok');
      expect(stateOf({ probe: null, isStarting, isCrashLoop, prepared, wanted })).not.toBe('ok');
    }));
  });
});

describe('news', () => {
  const sight: Sight = { prepared: true, wanted: 'RUNNING', engine: 'ok', crashes: 0, logTail: [], managementLost: false, isolation: 'shared', volumeUsedBytes: 1 };
  it('is what changed, except for the volume\'s use', () => {
    expect(isNews(undefined, sight)).toBe(true);
    expect(isNews(sight, { ...sight })).toBe(false);
    expect(isNews(sight, { ...sight, volumeUsedBytes: 2, volumeUsedAgeMs: 7 })).toBe(false);
    expect(isNews(sight, { ...sight, volumeGb: 2 })).toBe(true);
    expect(isNews(sight, { ...sight, engine: 'down' })).toBe(true);
    const configuration = { applied: 'cg_1/1', restartRequired: [], drifted: [] };
    expect(isNews({ ...sight, configuration }, { ...sight, configuration: { ...configuration } })).toBe(false);
    expect(isNews({ ...sight, configuration }, { ...sight, configuration: { ...configuration, drifted: ['hz'] } })).toBe(true);
  });
});

describe('identity', () => {
  const hour = 3_600_000;
  const enrol = { token: 't', identityCa: 'ca', enrolAddress: 'a:1', conductorAddress: 'b:2' };
  it('a token that lies there is used, unless it was refused', () => {
    expect(decideIdentity({ identity: undefined, enrol, usedToken: null, nowMs: 0 })).toEqual({ do: 'enrol', enrol });
    expect(decideIdentity({ identity: undefined, enrol, usedToken: 't', nowMs: 0 })).toMatchObject({ do: 'wait-for-token', reason: 'none' });
  });
  it('is due at two thirds counted from receipt, also when it was dated back', () => {
    const validity = { notBeforeMs: -hour, notAfterMs: 3 * hour };
    expect(lifetimeOf(validity, { skewMs: 0, receivedMs: 0 }, 1)).toEqual({ isExpired: false, renewAtMs: 2 * hour, expiresAtMs: 3 * hour });
    expect(lifetimeOf(validity, { skewMs: 0, receivedMs: 0 }, 3 * hour).isExpired).toBe(true);
  });
  it('a clock that is off does not make a fresh certificate an expired one', () => {
    const [validity, monthMs] = [{ notBeforeMs: 0, notAfterMs: 24 * hour }, 30 * 24 * hour];
    expect(decideSkew(validity, hour)).toBe(0);
    const skewMs = decideSkew(validity, monthMs);
    const held = { skewMs, receivedMs: monthMs };
    expect(lifetimeOf(validity, held, monthMs)).toEqual({ isExpired: false, renewAtMs: monthMs + 16 * hour, expiresAtMs: monthMs + 24 * hour });
    expect(lifetimeOf(validity, held, monthMs + 24 * hour).isExpired).toBe(true);
  });
  it.each([
    ['URI:spiffe://d/gateway', true], ['DNS:localhost, URI:spiffe://d/gateway, IP Address:127.0.0.1', true],
    ['URI:spiffe://d/gateway, URI:spiffe://d/instance/x', false], ['URI:spiffe://d/gateway/', false], ['DNS:spiffe://d/gateway', false],
    ['URI:"spiffe://d/gateway"', false], ['', false],
  ])('%j is the gateway: %s', (subjectaltname, is) => expect(hasIdentity({ subjectaltname }, 'spiffe://d/gateway')).toBe(is));
});

describe('secrets', () => {
  const users = (password: string) => ({ $case: 'createUsers' as const, value: { users: [{ user: { name: 'ann' }, password, grants: [] }] } });
  it('are found in commands, and leave no trace in the digest', () => {
    expect(secretsOf(users('one'))).toEqual(['one']);
    expect(digestOf(users('one'))).toBe(digestOf(users('two')));
    expect(digestOf(users('one'))).not.toBe(digestOf({ $case: 'createUsers', value: { users: [{ user: { name: 'bob' }, password: 'one', grants: [] }] } }));
  });
  it('a field that a later release adds does not change the digest of an earlier command', () => {
    const command = { $case: 'stop' as const, value: { immediate: false } };
    expect(digestOf({ $case: 'stop', value: { ...command.value, later: '' } as never })).toBe(digestOf(command));
    expect(digestOf({ $case: 'stop', value: { immediate: true } })).not.toBe(digestOf(command));
  });
  it('are taken out of every text', () => expect(redactor(['s3cret', 's3cret-longer', 'abc'])('s3cret-longer and s3cret, abc')).toBe('[secret] and [secret], abc'));
});

describe('faults', () => {
  const plain = (text: string): string => text;
  const live = new AbortController().signal;
  it('a plugin\'s own copy of the contract is understood', () => {
    expect(faultOf(Object.assign(new Error('gone'), { name: 'GuestFault', code: 'MISSING' }), live, plain)).toEqual({ code: 'MISSING', message: 'gone' });
    expect(faultOf(new GuestFault('RETRYABLE', 'soon'), live, plain)).toEqual({ code: 'RETRYABLE', message: 'soon' });
  });
  it('a disk without room is told, also where it is why something else failed, and no path of it', () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, mkdir '/home/somebody/data.tmp'"), { code: 'ENOSPC' });
    for (const error of [full, new Error('what came of it', { cause: full })]) {
      expect(faultOf(error, live, plain)).toEqual({ code: 'FAILED', message: 'The disk has no room left: delete data, or enlarge the volume' });
    }
  });
  it('anything else is masked', () => expect(faultOf(new Error('with a password'), live, plain)).toMatchObject({ code: 'FAILED', message: expect.not.stringContaining('password') as string }));
  it('after an abort its reason counts', () => {
    expect(faultOf(new Error('whatever'), AbortSignal.abort(new CommandAborted('DEADLINE', 'too late')), plain)).toEqual({ code: 'DEADLINE', message: 'too late' });
  });
});

describe('processes', () => {
  it('leftovers are marked, or programs of the build at work inside, or their children; never ourselves, a person\'s shell or others', () => {
    const facts = (pid: number, change: object = {}) => ({ pid, uid: 5, parent: 99, terminal: 0, environment: '', workingFolder: '/', program: '/usr/bin/x', ...change });
    const found = decideLeftovers([
      facts(1, { environment: 'A=1\0COFFER_ENGINE=inst_1\0' }), facts(2, { environment: 'COFFER_ENGINE=inst_12' }),
      facts(3, { workingFolder: '/i/volume/data', program: '/engines/e/bin/server' }), facts(4, { parent: 3 }), facts(5, { parent: 4 }),
      facts(6, { workingFolder: '/i/volume/data', program: '/usr/bin/bash' }), facts(7, { workingFolder: '/i/volume', program: '/engines/e/bin/cli', terminal: 1 }),
      facts(8, { environment: 'COFFER_ENGINE=inst_1' }), facts(9, { uid: 6, environment: 'COFFER_ENGINE=inst_1' }), facts(10, { workingFolder: '/i/volume2', program: '/engines/e/bin/server' }),
    ], { instanceId: 'inst_1', folders: ['/i/volume'], programs: '/engines/e/bin', uid: 5, self: 8 });
    expect(found).toEqual([1, 3, 4, 5]);
  });
});
