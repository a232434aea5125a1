/**
 * Starts a program as somebody else, in three acts: a small shell (already inside the user namespace, if there is one)
 * says it is there and waits; the parent writes the namespace's maps, puts it into its cgroup and records its pid;
 * then it lets go. A parent that dies in between closes the gate and nothing was ever started: no process goes
 * unrecorded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { type Identity, privilegeArgs } from './identity.ts';
import { identityOf, type ProcessIdentity } from '../processes/proc.ts';

export interface LaunchSpec {
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  cwd: string;
  identity: Identity;
  /**
   * `file`: the program outlives us; the file is opened by its own user, so that a link put there leads nowhere.
   * `pipe`: it is ours to look after and we read what it says.
   */
  output: { file: string } | 'pipe';
  /** sent to it when this process dies, in whatever way */
  parentDeathSignal?: 'TERM' | 'INT';
  /** the last chance to say no; called before the program runs */
  prepare?(process: ProcessIdentity): Promise<void>;
}
export interface Launched { process: ProcessIdentity; child: ChildProcess }

const gateTimeoutMs = 10_000;
const gate = 'umask 077; echo ready >&3 && IFS= read -r go || exit 97\nexec setpriv "$@" 3>&-';
const intoFile = 'log=$1; shift; exec "$@" >>"$log" 2>&1 </dev/null';
const intoPipe = 'exec "$@" </dev/null';

export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

export async function launch(spec: LaunchSpec): Promise<Launched> {
  const output = spec.output === 'pipe' ? ['-c', intoPipe, 'coffer-launch'] : ['-c', intoFile, 'coffer-launch', spec.output.file];
  const gated = ['-c', gate, 'coffer-launch', ...privilegeArgs(spec.identity, spec.parentDeathSignal), '--', '/bin/sh', ...output, spec.command, ...spec.args];
  const [command, args] = wrap(spec.identity, gated);
  const child = spawn(command, args, {
    // A session of its own: Ctrl-C in a terminal is for us, and what follows has an order.
    cwd: spec.cwd, env: spec.env, detached: true,
    stdio: ['pipe', spec.output === 'pipe' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  try {
    await gateReached(child);
    const process = identityOf(child.pid ?? 0);
    if (!process) throw new LaunchError(`${spec.command} ended before it began`);
    if (spec.identity.kind === 'namespace') await writeMaps(process.pid, spec.identity.map);
    await spec.prepare?.(process);
    open(child, spec.output !== 'pipe');
    return { process, child };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function wrap(identity: Identity, gated: string[]): [string, string[]] {
  if (identity.kind === 'namespace') return ['unshare', ['--user', '--keep-caps', '--', '/bin/sh', ...gated]];
  if (identity.kind === 'self-mapped') return ['unshare', ['--user', '--map-user=1', '--map-group=1', '--', '/bin/sh', ...gated]];
  return ['/bin/sh', gated];
}

function gateReached(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    const collect = (chunk: Buffer): void => { complaint = (complaint + chunk.toString()).slice(0, 500); };
    const timer = setTimeout(() => finish(new LaunchError(`the launcher did not answer within ${gateTimeoutMs} ms`)), gateTimeoutMs);
    const onError = (error: Error): void => finish(new LaunchError(error.message));
    const onClose = (): void => finish(new LaunchError(complaint.trim() || 'the launcher ended'));
    function finish(error?: Error): void {
      clearTimeout(timer);
      child.stderr?.off('data', collect);
      child.off('error', onError).off('close', onClose);
      child.on('error', () => {}); // a failing kill is seen by its exit
      if (error) reject(error); else resolve();
    }
    child.stderr?.on('data', collect);
    child.once('error', onError).once('close', onClose);
    (child.stdio[3] as Readable | null)?.once('data', () => finish());
  });
}

async function writeMaps(pid: number, map: readonly { inside: number; outside: number }[]): Promise<void> {
  const text = map.map(({ inside, outside }) => `${inside} ${outside} 1\n`).join('');
  await writeFile(`/proc/${pid}/gid_map`, text);
  await writeFile(`/proc/${pid}/uid_map`, text);
}

function open(child: ChildProcess, outlivesUs: boolean): void {
  const input = child.stdin as Writable;
  input.on('error', () => {}); // it died at the gate: its exit tells
  input.end('go\n');
  (child.stdio[3] as Readable).destroy();
  if (!outlivesUs) return;
  child.stderr?.destroy();
  child.unref();
}
