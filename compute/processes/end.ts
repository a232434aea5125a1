import { constants } from 'node:os';
import { isAlive, type ProcessIdentity, signalProcess, statusOf } from './proc.ts';
import { waitUntil } from './wait.ts';

const listenTimeoutMs = 5_000;
const rounds = 50;
const roundMs = 200;

/**
 * Node opens its debugger on SIGUSR1 until a program listens to it, so an agent that is only just starting is waited
 * for: it listens to SIGUSR1 and SIGUSR2 at once, and the second is not caught by Node itself.
 */
export async function signalAgent(agent: ProcessIdentity, signal: 'SIGUSR1' | 'SIGUSR2' | 'SIGHUP', abort?: AbortSignal): Promise<boolean> {
  await waitListening(agent, abort);
  return signalProcess(agent, signal);
}

async function waitListening(agent: ProcessIdentity, abort?: AbortSignal): Promise<void> {
  await waitUntil(() => {
    const status = statusOf(agent.pid);
    return status === undefined || catches(status.caughtSignals, 'SIGUSR2');
  }, listenTimeoutMs, abort);
}

/** Ends what SIGUSR2 began. */
export async function letAgentGo(agent: ProcessIdentity, abort?: AbortSignal): Promise<boolean> {
  await waitListening(agent, abort);
  const status = statusOf(agent.pid);
  return status !== undefined && signalProcess(agent, decideLetGo(status.caughtSignals));
}

const catches = (caughtSignals: bigint, name: 'SIGUSR2' | 'SIGURG'): boolean => (caughtSignals & (1n << BigInt(constants.signals[name] - 1))) !== 0n;
/** SIGHUP goes to an agent of a release before there was SIGURG for it, which may run for long beside a newer compute role. */
export const decideLetGo = (caughtSignals: bigint): 'SIGURG' | 'SIGHUP' => (catches(caughtSignals, 'SIGURG') ? 'SIGURG' : 'SIGHUP');

export async function waitGone(processes: readonly ProcessIdentity[], timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  return waitUntil(() => !processes.some(isAlive), timeoutMs, signal);
}

/** Kills until none is found any more (a process may have started another in between). What is left is answered. */
export async function killAll(find: () => Promise<ProcessIdentity[]>): Promise<ProcessIdentity[]> {
  let left = await find();
  for (let round = 0; left.length > 0 && round < rounds; round++) {
    for (const one of left) signalProcess(one, 'SIGKILL');
    await waitGone(left, roundMs);
    left = await find();
  }
  return left;
}

