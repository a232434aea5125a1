import { readFileSync } from 'node:fs';

/** The agent hears of an exit a moment later than a broken connection tells it. */
export function hasEnded(pid: number | null): boolean {
  if (pid === null) return true;
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
