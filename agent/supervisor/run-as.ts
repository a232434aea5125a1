import { spawn } from 'node:child_process';
import type { AgentBoot } from '../../kernel/guest-record.ts';

export interface Identity { uid?: number; gid?: number }
/** The engine's user for a child process; empty where agent and engine are one. */
export const engineIdentity = (boot: Pick<AgentBoot, 'engineUid'>): Identity => (boot.engineUid === null ? {} : { uid: boot.engineUid, gid: boot.engineUid });

const timeoutMs = 5_000;

/** A line of shell as the engine's user. Resolves with the exit code; a signal counts as 128. */
export function runAs(boot: Pick<AgentBoot, 'engineUid'>, line: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', line], { ...engineIdentity(boot), stdio: 'ignore', cwd: '/', env: {}, timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 128));
  });
}
