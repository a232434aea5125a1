/**
 * Many schedules, or one again:
 *
 *     node test/simulation/run.ts --schedules 100000 --seed 1
 *     node test/simulation/run.ts --seed 4711            replays one
 */
import { parseArgs } from 'node:util';
import { runEventsSchedule } from './events/schedule.ts';
import { runOperationsSchedule } from './operations/schedule.ts';

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } } });
const [count, first] = [Number(values.schedules), Number(values.seed)];
const startedAt = performance.now();
const sums = { operations: 0, takeovers: 0, preemptions: 0, states: {} as Record<string, number>, events: 0, resumes: 0, broken: 0 };
for (let seed = first; seed < first + count; seed++) {
  const operations = runOperationsSchedule(seed);
  const events = runEventsSchedule(seed);
  sums.operations += operations.operations;
  sums.takeovers += operations.takeovers;
  sums.preemptions += operations.preemptions;
  for (const [state, n] of Object.entries(operations.states)) sums.states[state] = (sums.states[state] ?? 0) + n;
  sums.events += events.delivered;
  sums.resumes += events.resumes;
  for (const violation of [...operations.violations, ...events.violations]) {
    sums.broken += 1;
    console.error(`seed ${seed} at ${violation.at} ms: ${violation.rule}: ${violation.what}`);
  }
  if (sums.broken > 20) break;
}
console.log(JSON.stringify({ schedules: count, seconds: Math.round(performance.now() - startedAt) / 1000, ...sums }));
if (sums.broken > 0) process.exitCode = 1;
