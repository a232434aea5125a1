/**
 * How much of the volume is used. A file system of its own is asked; what cannot be had of it any more counts as used, its
 * own books too. Else `du` counts files at the lowest priority: walking them here would hold up everything else.
 */
import { execFile } from 'node:child_process';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AllowanceKeeper } from '../allowance.ts';

const everyMs = { asked: 5_000, counted: 30_000 } as const;
const gibibyte = 1024 ** 3;
const timeoutMs = 120_000;
/** A slow walk is made seldom: at most this part of the time is spent walking. */
const shareOfTime = 20;

export interface VolumeUse { bytes: number; /** since it was measured */ ageMs: number }
export interface VolumeUsage { begin(): void; /** now, and not when it is its turn */ look(): void; used(): VolumeUse | null; onChange(listener: () => void): void; end(): void }

export function createVolumeUsage(folder: string, allowance: Pick<AllowanceKeeper, 'current' | 'onChange'>): VolumeUsage {
  let used: number | null = null;
  let measuredAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const listeners: (() => void)[] = [];

  const measure = async (): Promise<void> => {
    const startedMs = performance.now();
    const asked = await fileSystemUse(folder, () => allowance.current().volumeGb * gibibyte);
    const found = asked ?? (await diskUsage(folder));
    if (found !== null) measuredAtMs = startedMs;
    if (found !== null && found !== used) {
      used = found;
      for (const listener of listeners) listener();
    }
    if (!hasEnded) rest(Math.max(asked === null ? everyMs.counted : everyMs.asked, (performance.now() - startedMs) * shareOfTime));
  };
  let isMeasuring = false;
  const turn = (): void => {
    isMeasuring = true;
    void measure().finally(() => { isMeasuring = false; });
  };
  const rest = (forMs: number): void => { timer = setTimeout(turn, forMs); };
  // One that is being counted just now is told soon enough.
  const look = (): void => {
    if (isMeasuring || hasEnded || timer === undefined) return;
    clearTimeout(timer);
    turn();
  };
  // It is another share of another size.
  allowance.onChange(look);
  return {
    begin: turn,
    look,
    used: () => (used === null ? null : { bytes: used, ageMs: Math.round(performance.now() - measuredAtMs) }),
    onChange: (listener) => void listeners.push(listener),
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}

/** Null for a folder on its instance's own file system. */
async function fileSystemUse(folder: string, sizeBytes: () => number): Promise<number | null> {
  try {
    const [own, outer] = await Promise.all([stat(folder), stat(dirname(folder))]);
    if (own.dev === outer.dev) return null;
    const { blocks, bavail, bsize } = await statfs(folder);
    return Math.max(sizeBytes(), blocks * bsize) - bavail * bsize;
  } catch {
    return null;
  }
}

/** Blocks really taken; null when it cannot be told. Files that vanish during the walk are no fault. */
export function diskUsage(folder: string): Promise<number | null> {
  return new Promise((resolve) => {
    execFile('nice', ['-n', '19', 'du', '-s', '-x', '-B1', folder], { timeout: timeoutMs, killSignal: 'SIGKILL', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, cwd: '/' }, (_error, stdout) => {
      const bytes = Number.parseInt(stdout, 10);
      resolve(Number.isSafeInteger(bytes) ? bytes : null);
    });
  });
}
