import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineSourceError } from './source-error.ts';

export interface CommandRequest {
  command: string;
  args: readonly string[];
  signal: AbortSignal;
  timeoutMs: number;
  env?: Record<string, string>;
}
export interface CommandResult { code: number; stdout: string; stderr: string }

/** Longest output kept of one command; the rest is read and dropped. The longest expected is a closure's records (1 MB). */
const maxOutputBytes = 16 * 1024 * 1024;
const systemDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const passedVariables = ['HOME', 'TMPDIR', 'http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** PATH as given, and where a bare service's PATH lacks them, the directories every distribution uses. */
const searchPath = (): string => [process.env['PATH'], ...systemDirectories].filter(Boolean).join(':');

/** Nothing of ours but what apt and its methods honour: a proxy, a home, a folder for temporary files. */
function childEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const kept = passedVariables.flatMap((name) => process.env[name] === undefined ? [] : [[name, process.env[name] ?? ''] as const]);
  return { ...Object.fromEntries(kept), PATH: searchPath(), LC_ALL: 'C', ...extra };
}

/** Absolute path of a program, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of new Set(searchPath().split(':'))) {
    const path = join(directory, name);
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  return undefined;
}

/**
 * Children die with us, even by kill -9: an orphaned apt would hold its lock, an orphaned tar would write into a
 * directory that the next attempt removes. A watcher beside the command waits for the end of a pipe that only we hold
 * open, and then kills the group. (PR_SET_PDEATHSIG is no help: the kernel drops it when apt changes its user.)
 * The shell stays the parent of both, so that nothing is left for init to reap.
 */
const tether = `( read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 & watcher=$!
"$@" 3<&-
code=$?
{ kill -KILL $watcher; wait $watcher; } 2>/dev/null
exit $code`;

function start(request: CommandRequest, input: 'ignore' | 'pipe'): ChildProcess {
  request.signal.throwIfAborted();
  // `detached` is a group of its own: the watcher and an abort reach apt's download methods too.
  return spawn('/bin/sh', ['-c', tether, 'sh', request.command, ...request.args], {
    env: childEnvironment(request.env), stdio: [input, 'pipe', 'pipe', 'pipe'], detached: true,
  });
}

const killGroup = (child: ChildProcess): void => { try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); } catch { /* gone already */ } };

const notStarted = (request: CommandRequest, why: string): EngineSourceError =>
  new EngineSourceError('missing-tool', `${request.command} could not be started (${why})`);

/** Waits for a child under the request's deadline. `isPiped`: somebody else reads its standard output. */
async function finish(child: ChildProcess, request: CommandRequest, isPiped = false): Promise<CommandResult> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const either = AbortSignal.any([request.signal, deadline]);
  const kill = (): void => killGroup(child);
  if (either.aborted) kill();
  either.addEventListener('abort', kill, { once: true });
  const output = { stdout: '', stderr: '' };
  for (const name of isPiped ? ['stderr'] as const : ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => { if (output[name].length < maxOutputBytes) output[name] += text; });
  }
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', (error) => reject(notStarted(request, error.message))).on('close', (value) => resolve(value ?? -1));
    });
    request.signal.throwIfAborted();
    if (deadline.aborted) throw new EngineSourceError('timeout', `${request.command} did not end within ${Math.round(request.timeoutMs / 1000)} s`);
    // The shell's own words and code when it finds no program.
    if (code === 127 && /not found/.test(output.stderr)) throw notStarted(request, 'there is no such program');
    return { code, ...output };
  } finally {
    either.removeEventListener('abort', kill);
    (child.stdio[3] as Readable | null)?.destroy();
  }
}

/** Runs a program to its end. A non-zero code is an answer, not an exception; a deadline and an abort are exceptions. */
export async function runCommand(request: CommandRequest): Promise<CommandResult> {
  return await finish(start(request, 'ignore'), request);
}

/** One program's output into another's input; both are answered, so that neither fails unseen. */
export async function runPipe(from: CommandRequest, into: CommandRequest): Promise<{ producer: CommandResult; consumer: CommandResult }> {
  const [producer, consumer] = [start(from, 'ignore'), start(into, 'pipe')];
  const source = producer.stdout as Readable;
  // A consumer that dies early shows in its exit code; the broken pipe itself says nothing more.
  consumer.stdin?.on('error', () => {});
  if (consumer.stdin) source.pipe(consumer.stdin);
  // A consumer that gave up would leave the producer blocked on a full pipe.
  consumer.on('close', () => source.destroy());
  const [first, second] = await Promise.allSettled([finish(producer, from, true), finish(consumer, into)]);
  if (first.status === 'rejected') { killGroup(consumer); throw first.reason; }
  if (second.status === 'rejected') throw second.reason;
  return { producer: first.value, consumer: second.value };
}
