/**
 * `npm run check`: everything that can be said about the code without running it, in parallel.
 *
 *     node scripts/check.ts [name…]      all checks, or those whose name contains one of the words
 *
 * Prints a table and then what was found; ends with 1 when anything was.
 */
import { availableParallelism } from 'node:os';
import { type Check, CHECKS } from './checks.ts';
import type { Count } from './test-report.ts';

interface Outcome {
  check: Check;
  problems: string[];
  tookMs: number;
}

const MOST_LINES = 40;

export async function runChecks(words: string[] = []): Promise<Count> {
  const wanted = CHECKS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  const outcomes = await inParallel(wanted, availableParallelism() + 1, runCheck);
  for (const outcome of outcomes) console.log(rowOf(outcome));
  const failed = outcomes.filter(({ problems }) => problems.length > 0);
  for (const outcome of failed) console.log(`\n${explain(outcome)}`);
  return { passed: outcomes.length - failed.length, failed: failed.length, failures: failed.map(explain) };
}

async function runCheck(check: Check): Promise<Outcome> {
  const start = performance.now();
  const problems = await check.run().catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
  return { check, problems, tookMs: Math.round(performance.now() - start) };
}

/** Keeps the order of the items; never more than `limit` at once. */
async function inParallel<T, R>(items: T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

function rowOf({ check, problems, tookMs }: Outcome): string {
  const verdict = problems.length === 0 ? 'ok' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
  return `  ${check.name.padEnd(16)}${verdict.padEnd(16)}${String(tookMs).padStart(6)} ms`;
}

function explain({ check, problems }: Outcome): string {
  const shown = problems.slice(0, MOST_LINES).map((problem) => `  ${problem}`);
  const more = problems.length > MOST_LINES ? [`  … and ${problems.length - MOST_LINES} more`] : [];
  return [`${check.name} (${check.remedy}):`, ...shown, ...more].join('\n');
}

if (import.meta.main) {
  const { failed } = await runChecks(process.argv.slice(2));
  process.exitCode = failed === 0 ? 0 : 1;
}
