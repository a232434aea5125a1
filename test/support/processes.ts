/** What tests read of processes in /proc. */
import { readFileSync } from 'node:fs';

const numbers = { SIGINT: 2n, SIGQUIT: 3n, SIGTERM: 15n };

/** Of the signals that a stop sends those which the process was given and did not hear yet: it is stopped itself. */
export function signalsWaiting(pid: number): string[] {
  const mask = BigInt(`0x${/^ShdPnd:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'}`);
  return Object.entries(numbers).filter(([, number]) => (mask & (1n << (number - 1n))) !== 0n).map(([name]) => name);
}
