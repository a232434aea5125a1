/** Runs the cases that need the engine, with vitest, and turns what it says into the kit's results. */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import type { Tier } from '../../strategies/conformance/tiers.ts';
import { capabilityOf, type RuleResult } from '../results.ts';
import { taskVariable, type CasesTask } from './task.ts';

const caseTimeoutMs = 300_000;
const specOf = (here: string): string => fileURLToPath(new URL(here.endsWith('.ts') ? '../spec.ts' : './spec.js', here));

export interface CasesOptions {
  task: CasesTask;
  /** only cases whose name contains it */
  only?: string;
  onResult(result: RuleResult): void;
}

export async function runCases({ task, only, onResult }: CasesOptions): Promise<RuleResult[]> {
  const { startVitest } = await import('vitest/node');
  const results: RuleResult[] = [];
  const add = (result: RuleResult): void => {
    results.push(result);
    onResult(result);
  };
  process.env[taskVariable] = JSON.stringify(task);
  const spec = specOf(import.meta.url);
  const vitest = await startVitest('test', [spec], {
    root: dirname(spec), config: false, include: [spec], exclude: [], watch: false, pool: 'forks', fileParallelism: false, retry: 0, cache: false,
    testTimeout: caseTimeoutMs, hookTimeout: caseTimeoutMs, passWithNoTests: false, ...(only === undefined ? {} : { testNamePattern: only.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) }),
    reporters: [{
      onTestCaseResult(test) {
        const { state, errors } = test.result();
        const groups = groupsOf(test);
        if (state === 'skipped' && only !== undefined) return;
        const details = (errors ?? []).map(({ message }) => message);
        const tookMs = test.diagnostic()?.duration ?? 0;
        add({ tier: tierOf(groups), capability: capabilityOf(groups, test.name), rule: ruleOf(groups, test.name), state: state === 'pending' ? 'skipped' : state, tookMs, details });
      },
      /** What fails before and after its tests is told nowhere else. */
      onTestSuiteResult(suite) {
        const groups = [...groupsOf(suite), suite.name];
        const details = suite.errors().map(({ message }) => message ?? 'it failed');
        if (details.length > 0) add({ tier: tierOf(groups), capability: capabilityOf(groups, ''), rule: `${suite.name || 'a group'} can be set up and ended`, state: 'failed', tookMs: 0, details });
      },
      onTestModuleEnd(module) {
        const details = module.errors().map(({ message }) => message ?? 'it failed');
        if (details.length > 0) add({ tier: task.tiers[0] ?? 'engine', capability: 'LIFE CYCLE', rule: 'the cases can be read', state: 'failed', tookMs: 0, details });
      },
      onTestRunEnd(_modules, errors) {
        if (errors.length > 0) add({ tier: task.tiers[0] ?? 'engine', capability: 'LIFE CYCLE', rule: 'nothing fails beside the cases', state: 'failed', tookMs: 0, details: errors.map(({ message }) => message ?? 'it failed') });
      },
    }],
  });
  await vitest.close();
  // Its verdict is ours to tell.
  process.exitCode = 0;
  return results;
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
