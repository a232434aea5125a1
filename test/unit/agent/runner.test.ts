import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunner, type Job, type RecordedOutcome, stuckCommandMs } from '../../../agent/commands/runner.ts';
import type { CommandRecord } from '../../../agent/journal/record.ts';
import type { FenceKeeper } from '../../../agent/state/fence-keeper.ts';
import { silentLog } from '../../../kernel/log.ts';

const done: RecordedOutcome = { fault: null, restartRequired: [], rootName: '', items: {} };
const fences: FenceKeeper = { admit: async () => undefined, check: () => undefined };
const request = (operationId: string, epoch = 1) => ({ operationId, step: 's', fence: { generation: 1, epoch, attempt: 1 }, timeoutMs: 1_000, command: { $case: 'repair' as const, value: {} } });

describe('a runner', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });
  const setUp = (perform: (job: Job) => Promise<RecordedOutcome>, admit: FenceKeeper['admit'] = fences.admit) => {
    const stuck: string[] = [];
    const journal = { find: (): CommandRecord | undefined => undefined, write: async () => undefined, lastEnded: () => undefined };
    return { stuck, runner: createRunner({ journal, fences: { ...fences, admit }, capabilities: new Set(), perform, onStuck: (kind) => stuck.push(kind), log: silentLog }) };
  };

  it('answers for a command that ignores its deadline, and gives the process up when it never ends', async () => {
    const { runner, stuck } = setUp(() => new Promise(() => undefined));
    const answer = runner.run(request('op_1'), () => undefined);
    await vi.advanceTimersByTimeAsync(1_000 + 5_000);
    expect((await answer).outcome.fault?.code).toBe('DEADLINE');
    expect(stuck).toEqual([]);
    await vi.advanceTimersByTimeAsync(stuckCommandMs);
    expect(stuck).toEqual(['repair']);
  });
  it('begins nothing that a cancel overtook, and what comes after it', async () => {
    const begun: string[] = [];
    const writing = Promise.withResolvers<void>();
    const writes = [writing.promise];
    const { runner } = setUp((job) => { begun.push(job.request.step); return Promise.resolve(done); }, () => writes.shift() ?? Promise.resolve());
    const overtaken = runner.run(request('op_1'), () => undefined);
    await runner.cancel('op_1', request('op_1').fence);
    writing.resolve();
    expect((await overtaken).outcome.fault?.code).toBe('CANCELLED');
    expect((await runner.run({ ...request('op_1'), step: 'undo' }, () => undefined)).outcome.fault).toBeNull();
    expect(begun).toEqual(['undo']);
  });
  it('does not give up on one that ends late', async () => {
    const { runner, stuck } = setUp(() => new Promise((resolve) => { setTimeout(() => resolve(done), 20_000); }));
    const answer = runner.run(request('op_1'), () => undefined);
    await vi.advanceTimersByTimeAsync(stuckCommandMs * 2);
    expect([(await answer).outcome.fault?.code, stuck]).toEqual(['DEADLINE', []]);
  });
  it('one that waits gives up at its deadline and was never begun', async () => {
    const begun: string[] = [];
    const { runner } = setUp((job) => { begun.push(job.request.operationId); return new Promise((resolve) => { setTimeout(() => resolve(done), 900); }); });
    const first = runner.run(request('op_1'), () => undefined);
    const second = runner.run({ ...request('op_2'), timeoutMs: 100 }, () => undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([(await first).outcome.fault, (await second).outcome.fault?.code, begun]).toEqual([null, 'DEADLINE', ['op_1']]);
  });
  it('a failure nobody listens to any more harms nobody', async () => {
    const { runner } = setUp(() => new Promise((_resolve, reject) => { setTimeout(() => reject(new Error('the disk broke')), 10_000); }));
    const answer = runner.run(request('op_1'), () => undefined);
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await answer).outcome.fault?.code).toBe('DEADLINE');
  });
});
