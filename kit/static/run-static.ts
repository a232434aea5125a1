/** Runs the static tier in two processes that differ in clock and time zone, and compares what the control half said. */
import { fork } from 'node:child_process';
import type { RuleResult } from '../results.ts';
import type { StaticMessage, StaticTask } from './static-process.ts';

/** As the gateway has it; then the whole tier. */
const loadTimeoutMs = 10_000;
const runTimeoutMs = 60_000;
const dayMs = 86_400_000;
/** No files are written, no processes and threads made, whatever the plugin tries. An addon may come with a guest half's driver. */
const rights = ['--permission', '--allow-fs-read=*', '--allow-addons', '--max-old-space-size=256', '--disable-warning=SecurityWarning', '--disable-warning=ExperimentalWarning'];

export type Loaded = Extract<StaticMessage, { kind: 'loaded' }>;
export interface Run { loaded: Loaded | null; results: RuleResult[]; /** null: why is among the results */ answered: Extract<StaticMessage, { kind: 'answered' }> | null }

const elsewhere = { days: 400, zone: 'Pacific/Auckland' } as const;

export async function runStatic(fixture: string): Promise<{ loaded: Loaded | null; results: RuleResult[] }> {
  const [here, there] = await Promise.all([
    runOnce({ fixture, clockAheadMs: 0 }, { TZ: 'UTC', LANG: 'C.UTF-8' }),
    runOnce({ fixture, clockAheadMs: elsewhere.days * dayMs }, { TZ: elsewhere.zone, LANG: 'de_DE.UTF-8' }),
  ]);
  return { loaded: here.loaded, results: judge(here, there) };
}

/** The first run's results, with what fails in the other one alone, and what the two say when they are compared. */
export function judge(here: Run, there: Run): RuleResult[] {
  const failedHere = namesOfFailed(here);
  const failedThere = there.results.filter((one) => one.state === 'failed' && !failedHere.has(one.rule))
    .map((one) => ({ ...one, details: one.details.map((text) => `${text} (${elsewhere.days} days later, in the time zone ${elsewhere.zone})`) }));
  const isWorseThere = new Set(failedThere.map((one) => one.rule));
  return [...here.results.filter((one) => !isWorseThere.has(one.rule)), ...failedThere, ...compare(here.answered, there.answered)];
}

const namesOfFailed = ({ results }: Run): Set<string> => new Set(results.filter(({ state }) => state === 'failed').map((one) => one.rule));

function compare(here: Run['answered'], there: Run['answered']): RuleResult[] {
  const answered = [here, there].filter((one) => one !== null);
  if (answered.length === 0) return [];
  const doors = new Set(answered.flatMap((one) => one.doors));
  return [
    rule('the control half does no input or output', [...doors].map((door) => `it called ${door}`)),
    rule('the same question to the control half has the same answer', here && there ? differences(here.answers, there.answers) : ['one of its two processes gave no answers']),
  ];
}

function differences(answers: readonly string[], others: readonly string[]): string[] {
  const index = answers.findIndex((answer, i) => answer !== others[i]);
  return index < 0 ? [] : [`once ${answers[index]}, once ${others[index]}`];
}

const rule = (text: string, details: string[], state: RuleResult['state'] = details.length > 0 ? 'failed' : 'passed', tookMs = 0): RuleResult =>
  ({ tier: 'static', capability: 'CONTRACT', rule: text, state, tookMs, details });

function runOnce(task: StaticTask, env: Record<string, string>): Promise<Run> {
  return new Promise((resolve) => {
    const run: Run = { loaded: null, results: [], answered: null };
    const since = performance.now();
    const program = new URL(import.meta.url.endsWith('.ts') ? './static-process.ts' : './static-process.js', import.meta.url);
    const child = fork(program, [JSON.stringify(task)], { execArgv: rights, env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let complaint = '';
    let isTold = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-2_000); });
    const isLate = { load: false, run: false };
    const end = (which: 'load' | 'run') => (): void => { isLate[which] = true; child.kill('SIGKILL'); };
    const timers = [setTimeout(end('run'), runTimeoutMs)];
    const loading = setTimeout(end('load'), loadTimeoutMs);
    child.on('message', (message: StaticMessage) => {
      if (message.kind === 'loaded') {
        clearTimeout(loading);
        run.loaded = message;
        run.results.push(rule('the plugin loads within ten seconds', [], 'passed', performance.now() - since));
      } else if (message.kind === 'answered') run.answered = message;
      else if (message.kind === 'failed') {
        isTold = true;
        run.results.push(rule(run.loaded ? 'its guest half loads' : 'the plugin loads within ten seconds', [`it could not be loaded: ${message.message}`]));
      } else {
        const details = [...message.problems, ...message.warnings];
        const state = message.problems.length > 0 ? 'failed' : message.warnings.length > 0 ? 'warned' : 'passed';
        run.results.push({ tier: 'static', capability: message.capability, rule: message.rule, state, tookMs: message.tookMs, details });
      }
    });
    child.on('close', (code, signal) => {
      for (const timer of [...timers, loading]) clearTimeout(timer);
      if (isLate.load) run.results.push(rule('the plugin loads within ten seconds', [`it did not load within ${loadTimeoutMs / 1_000} s`]));
      else if (isLate.run) run.results.push(rule('the control half answers in time', [`its process was ended after ${runTimeoutMs / 1_000} s`]));
      else if (!run.answered && !isTold) run.results.push(rule('the plugin leaves its process alone', [`the process ended with ${signal ?? code}: ${complaint.trim()}`]));
      resolve(run);
    });
  });
}
