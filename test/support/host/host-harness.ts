import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homePaths, type HomePaths } from '../../../kernel/home.ts';
import { createProcessCompute } from '../../../strategies/compute/process/index.ts';
import { killAll } from '../../../compute/processes/end.ts';
import { allPids, identityOf, type ProcessIdentity, wordsOf } from '../../../compute/processes/proc.ts';
import { freePorts } from '../free-ports.ts';

/** Who starts Coffer. As root an ordinary user can be had as well; as an ordinary user only itself. */
export const starters = process.getuid?.() === 0 ? (['root', 'ordinary'] as const) : (['ordinary'] as const);
/** `nameless`: an ordinary user whom /etc/passwd does not know. */
export type Starter = (typeof starters)[number] | 'nameless';
const uids = { ordinary: 65_534, nameless: 300_000_001 };

export interface Run { child: ChildProcess; output(): string; exited: Promise<{ code: number | null; signal: string | null }> }
export interface HostUnderTest {
  paths: HomePaths; url: string; env: Record<string, string>;
  run(args: readonly string[], env?: Record<string, string>): Run;
  /** Starts it and waits for the ready line; fails with what was printed. */
  start(env?: Record<string, string>): Promise<Run & { readyMs: number }>;
  /** A command that ends by itself. */
  command(args: readonly string[], env?: Record<string, string>): Promise<{ code: number | null; output: string }>;
  ask(path: string): Promise<Record<string, unknown> & { pid: number }>;
  compute(): ReturnType<typeof createProcessCompute>;
  dispose(): Promise<void>;
}

const uidBase = 400_000_000 + (process.pid % 20_000) * 65_536;

export async function prepareHost(hostProgram: string, starter: Starter, homeName = 'home'): Promise<HostUnderTest> {
  const outer = await mkdtemp('/tmp/coffer-test-host-');
  const other = starter !== 'root' && process.getuid?.() === 0 ? uids[starter] : null;
  await chmod(outer, 0o755);
  if (other !== null) await chown(outer, other, other);
  const node = await realpath(process.execPath);
  const home = join(outer, homeName);
  const [port, conductorPort] = await freePorts(2);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: outer, COFFER_HOME: home, COFFER_PORT: String(port), COFFER_CONDUCTOR_PORT: String(conductorPort),
    COFFER_ENGINE_PORTS: '21280-21299', COFFER_UID_BASE: String(uidBase), COFFER_DISK_RESERVE_GB: '0',
    COFFER_ENGINE_PATHS: `redis/8=${join(outer, 'engine')}`,
  };
  await makeEngine(join(outer, 'engine'));
  const runs: Run[] = [];
  const compute: ReturnType<typeof createProcessCompute>[] = [];

  function run(args: readonly string[], extra: Record<string, string> = {}): Run {
    const become = other !== null ? ['setpriv', '--reuid', String(other), '--regid', String(other), '--clear-groups'] : [];
    const [command = '', ...rest] = [...become, node, hostProgram, ...args];
    const child = spawn(command, rest, { cwd: '/', env: { ...env, ...extra }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => { child.once('close', (code, signal) => resolve({ code, signal })); });
    const one = { child, output: () => text, exited };
    runs.push(one);
    return one;
  }

  const command: HostUnderTest['command'] = async (args, extra) => {
    const one = run(args, extra);
    const { code } = await one.exited;
    return { code, output: one.output() };
  };
  return {
    command, paths: homePaths(home), url: `http://127.0.0.1:${port}`, env, run,
    async start(extra) {
      const begun = performance.now();
      const one = run(['start'], extra);
      await new Promise<void>((resolve, reject) => {
        one.child.stdout?.on('data', () => { if (one.output().includes('Coffer is ready')) resolve(); });
        void one.exited.then(() => reject(new Error(`the host ended:\n${one.output()}`)));
      });
      return { ...one, readyMs: performance.now() - begun };
    },
    ask: async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).json() as Promise<Record<string, unknown> & { pid: number }>,
    compute() {
      const client = createProcessCompute({ socketPath: homePaths(home).computeSocket });
      compute.push(client);
      return client;
    },
    async dispose() {
      for (const client of compute) client.close();
      for (const one of runs) one.child.kill('SIGKILL');
      await mkdir(home, { recursive: true });
      const reset = await command(['reset', '--yes', '--engines']).catch(() => null);
      await killAll(() => processesNaming(outer));
      await rm(outer, { recursive: true, force: true });
      if (reset?.code !== 0 && reset !== null && !reset.output.includes('was not made by Coffer')) throw new Error(`reset failed: ${reset.output}`);
    },
  };
}

/** Programs that tell a version: enough for a build, since the stub agent runs none of them. */
async function makeEngine(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 });
  for (const name of ['redis-server', 'redis-cli']) await writeFile(join(folder, name), '#!/bin/sh\necho v=8.0.99\n', { mode: 0o755 });
}

/** Everything that has the folder in its command line or environment. */
export async function processesNaming(folder: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of allPids()) {
    if (pid === process.pid) continue;
    const words = [...(await wordsOf(pid, 'cmdline')), ...(await wordsOf(pid, 'environ'))];
    const identity = words.some((word) => word.includes(folder)) ? identityOf(pid) : undefined;
    if (identity) found.push(identity);
  }
  return found;
}
