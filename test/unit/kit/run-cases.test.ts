import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CasesOptions, runCases } from '../../../kit/cases/run-cases.ts';
import { type CasesTask, taskVariable } from '../../../kit/cases/task.ts';
import type { RuleResult } from '../../../kit/results.ts';

const task: CasesTask = { fixture: 'file:///fixture.js', track: '1', build: {} as CasesTask['build'], nextBuilds: [], tiers: ['engine'], isolated: false, firstPort: 1 };
const passed = { state: 'passed', errors: [] };
const groups = ['memo 1', 'engine', 'life cycle'];
const parent = groups.reduce<object>((above, name) => ({ type: 'suite', name, parent: above }), { type: 'module' });
const told = (name: string, result: object) => ({ name, fullName: [...groups, name].join(' > '), parent, result: () => result, diagnostic: () => ({ duration: 5 }) });

describe('cases that were run', () => {
  let exitCode: typeof process.exitCode;
  beforeEach(() => { ({ exitCode } = process); });
  afterEach(() => {
    process.exitCode = exitCode;
    delete process.env[taskVariable];
  });

  const run = async (cases: object[], { only, failure }: { only?: string; failure?: Error } = {}): Promise<RuleResult[]> => {
    const heard: RuleResult[] = [];
    const start = async (_mode: string, _files: string[], { reporters: [reporter] }: { reporters: { onTestCaseResult(test: object): void }[] }) => {
      for (const one of cases) reporter?.onTestCaseResult(one);
      if (failure) throw failure;
      return { close: async () => {} };
    };
    const results = await runCases({ task, ...(only === undefined ? {} : { only }), onResult: (result) => void heard.push(result), start: start as unknown as NonNullable<CasesOptions['start']> });
    expect(heard).toEqual(results);
    return results;
  };

  it('are told with their time, one that was left out with its reason', async () => {
    expect(await run([told('starts twice', passed), told('fills a disk', { state: 'skipped', note: 'no room' }), told('has no root', { state: 'skipped' })])).toEqual([
      { tier: 'engine', capability: 'LIFE CYCLE', rule: 'life cycle: starts twice', state: 'passed', tookMs: 5, details: [] },
      expect.objectContaining({ rule: 'life cycle: fills a disk', state: 'skipped', details: ['no room'] }),
      expect.objectContaining({ rule: 'life cycle: has no root', state: 'skipped', details: [] }),
    ]);
  });
  it('by name are those of that name, also where one is left out', async () => {
    const found = await run([told('starts twice', passed), told('stops twice', { state: 'skipped' }), told('fills a disk', { state: 'skipped', note: 'no room' })], { only: 'life cycle > fills' });
    expect(found.map(({ rule, details }) => [rule, ...details])).toEqual([['life cycle: fills a disk', 'no room']]);
  });
  it('by a name that none has are a failure that says so', async () => {
    expect(await run([told('starts twice', { state: 'skipped' })], { only: 'strats twice' })).toEqual([
      expect.objectContaining({ tier: 'engine', rule: 'there are cases to run', state: 'failed', details: ['there is no case whose name contains "strats twice"'] }),
    ]);
  });
  it('stay known when it breaks off', async () => {
    expect(await run([told('starts twice', passed)], { failure: new Error('out of memory') })).toEqual([
      expect.objectContaining({ rule: 'life cycle: starts twice', state: 'passed' }),
      expect.objectContaining({ rule: 'the cases can be run to their end', state: 'failed', details: ['out of memory'] }),
    ]);
  });
});
