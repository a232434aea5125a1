/** From the birth of a process to its first answer, and `npm start` on a home and checkout that are ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { homePaths } from '../../kernel/home.ts';
import { ROOT, startInstallation, type Installation } from '../../test/support/installation.ts';
import type { Bench } from '../support/bench.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { median, spread } from '../support/numbers.ts';
import { secondGatewayPort } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const goals = { answerMs: 300, startMs: 5_000 };
const giveUpMs = 30_000;
const dist = process.env['COFFER_TEST_DIST'] ?? join(ROOT, 'dist');

/** One authenticated query; false while nobody listens. */
const answers = (port: number, token: string): Promise<boolean> => new Promise((resolve) => {
  const asked = request({ host: '127.0.0.1', port, path: '/graphql', method: 'POST', agent: false, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } }, (res) => {
    res.resume();
    res.on('end', () => resolve(res.statusCode === 200));
  });
  asked.on('error', () => resolve(false));
  asked.end('{"query":"{ instances(first: 1) { totalCount } }"}');
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** A second gateway beside the first, on the same store. */
async function firstAnswerMs(coffer: Installation, env: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(dist, 'gateway.mjs')], { env: { ...coffer.env, ...env, NODE_ENV: 'production' }, stdio: 'ignore' });
  try {
    while (!(await answers(secondGatewayPort, coffer.token))) {
      if (performance.now() - startedAt > giveUpMs || child.exitCode !== null) throw new Error('the gateway did not answer');
      await delay(2);
    }
    return performance.now() - startedAt;
  } finally {
    await end(child);
  }
}

/** As a person does it: `npm start` in the checkout, until the ready line. */
async function npmStartMs(env: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let output = '';
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`npm start was not ready within ${giveUpMs} ms:\n${output}`)), giveUpMs);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('is ready')) { clearTimeout(timer); resolve(); }
      });
      child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
    });
    return performance.now() - startedAt;
  } finally {
    const ended = once(child, 'exit');
    if (child.exitCode === null) { process.kill(-child.pid!, 'SIGINT'); await ended; }
  }
}

async function repeated(times: number, measure: () => Promise<number>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i += 1) seen.push(await measure());
  return seen;
}

export const bench: Bench = async ({ quick, say }) => {
  const rounds = quick ? 2 : 9;
  const rows: Cell[][] = [];
  const row = (what: string, seen: number[], goal: number | null): void => void rows.push([what, median(seen), spread(seen), goal]);
  const plane = await startControlPlane();
  try {
    // As the host gives it to its gateway; the first run fills it.
    const compileCache = { NODE_COMPILE_CACHE: join(homePaths(plane.coffer.home).compileCache, 'bench') };
    const own = { ...compileCache, COFFER_PORT: String(secondGatewayPort), COFFER_CONDUCTOR_PORT: String(secondGatewayPort + 1), COFFER_ENROL_PORT: String(secondGatewayPort + 2) };
    for (const roles of ['api', 'api,worker,conductor']) {
      say(`first answer of a gateway with the roles ${roles}`);
      await firstAnswerMs(plane.coffer, { ...own, COFFER_ROLES: roles });
      row(`first answer of a gateway process (${roles})`, await repeated(rounds, () => firstAnswerMs(plane.coffer, { ...own, COFFER_ROLES: roles })), goals.answerMs);
    }
  } finally {
    await plane.remove();
  }
  const coffer = await startInstallation();
  try {
    await coffer.end('SIGTERM');
    say('npm start');
    await npmStartMs(coffer.env);
    row('`npm start`, warm, until the ready line', await repeated(quick ? 1 : 5, () => npmStartMs(coffer.env)), goals.startMs);
  } finally {
    await coffer.remove();
  }
  return [{ title: 'Start', notes: ['The first answer is of an authenticated query that reads the store; tried every 2 ms.'], columns: ['what', 'ms', 'runs', 'goal ms'], rows }];
};
