/** Runs the cases that need the engine, with vitest, and turns what it says into the kit's results. */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import type { Reporter } from 'vitest/node';
import type { Tier } from '../../strategies/conformance/tiers.ts';
import { capabilityOf, type RuleResult } from '../results.ts';
import { taskVariable, type CasesTask } from './task.ts';

const caseTimeoutMs = 300_000;
const specOf = (here: string): string => fileURLToPath(new URL(here.endsWith('.ts') ? '../spec.ts' : './spec.js', here));

type StartVitest = typeof import('vitest/node').startVitest;

export interface CasesOptions {
  task: CasesTask;
  /** only cases whose name contains it */
  only?: string;
  onResult(result: RuleResult): void;
  start?: StartVitest;
}

export async function runCases({ task, only, onResult, start }: CasesOptions): Promise<RuleResult[]> {
  const results: RuleResult[] = [];
  const add = (result: RuleResult): void => {
    results.push(result);
    onResult(result);
  };
  const fail = (rule: string, details: string[]): void => add({ tier: task.tiers[0] ?? 'engine', capability: 'LIFE CYCLE', rule, state: 'failed', tookMs: 0, details });
  process.env[taskVariable] = JSON.stringify(task);
  const spec = specOf(import.meta.url);
  try {
    const startVitest = start ?? (await import('vitest/node')).startVitest;
    const vitest = await startVitest('test', [spec], {
      root: dirname(spec), config: false, include: [spec], exclude: [], watch: false, pool: 'forks', fileParallelism: false, retry: 0, cache: false,
      testTimeout: caseTimeoutMs, hookTimeout: caseTimeoutMs, passWithNoTests: false, ...(only === undefined ? {} : { testNamePattern: only.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) }),
      reporters: [reporterOf({ only, add, fail })],
    });
    await vitest.close();
  } catch (error) {
    fail('the cases can be run to their end', [error instanceof Error ? error.message : String(error)]);
  }
  // Its verdict is ours to tell.
  process.exitCode = 0;
  if (results.length === 0) fail('there are cases to run', [only === undefined ? 'none ran' : `there is no case whose name contains "${only}"`]);
  return results;
}

interface Listeners { only: string | undefined; add(result: RuleResult): void; fail(rule: string, details: string[]): void }

function reporterOf({ only, add, fail }: Listeners): Reporter {
  return {
    onTestCaseResult(test) {
      const result = test.result();
      const groups = groupsOf(test);
      if (only !== undefined && !test.fullName.includes(only)) return;
      const details = result.state === 'skipped' ? [result.note ?? ''].filter((text) => text !== '') : (result.errors ?? []).map(({ message }) => message);
      const state = result.state === 'pending' ? 'skipped' : result.state;
      add({ tier: tierOf(groups), capability: capabilityOf(groups, test.name), rule: ruleOf(groups, test.name), state, tookMs: test.diagnostic()?.duration ?? 0, details });
    },
    /** What fails before and after its tests is told nowhere else. */
    onTestSuiteResult(suite) {
      const groups = [...groupsOf(suite), suite.name];
      const details = suite.errors().map(({ message }) => message ?? 'it failed');
      if (details.length > 0) add({ tier: tierOf(groups), capability: capabilityOf(groups, ''), rule: `${suite.name || 'a group'} can be set up and ended`, state: 'failed', tookMs: 0, details });
    },
    onTestModuleEnd(module) {
      const details = module.errors().map(({ message }) => message ?? 'it failed');
      if (details.length > 0) fail('the cases can be read', details);
    },
    onTestRunEnd(_modules, errors) {
      if (errors.length > 0) fail('nothing fails beside the cases', errors.map(({ message }) => message ?? 'it failed'));
    },
  };
}

interface Child { parent: { type: string; name?: string } & object }
/** Names of the groups around it, outermost first; the first is the plugin's own. */
function groupsOf(test: Child): string[] {
  const groups: string[] = [];
  for (let at = test.parent; at.type === 'suite'; at = (at as unknown as Child).parent) groups.unshift(at.name ?? '');
  return groups;
}
/** A case's name goes on from its groups'; plugin and tier are told beside it. */
const ruleOf = (groups: readonly string[], title: string): string => [...groups.slice(2).filter((name) => name !== '' && name !== 'objects'), title].join(': ');
const tierOf = (groups: readonly string[]): Tier => (groups[1] === 'fault' || groups[1] === 'static' ? groups[1] : 'engine');
