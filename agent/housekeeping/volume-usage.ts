/** How much of the volume is used, asked of `du` at the lowest priority: walking it here would hold up everything else. */
import { execFile } from 'node:child_process';

const everyMs = 30_000;
const timeoutMs = 120_000;
/** A slow walk is made seldom: at most this part of the time is spent walking. */
const shareOfTime = 20;

export interface VolumeUsage { begin(): void; usedBytes(): number | null; onChange(listener: () => void): void; end(): void }

export function createVolumeUsage(folder: string): VolumeUsage {
  let used: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const listeners: (() => void)[] = [];

  const measure = async (): Promise<void> => {
    const startedMs = performance.now();
    const found = await diskUsage(folder);
    if (found !== null && found !== used) {
      used = found;
      for (const listener of listeners) listener();
    }
    if (!hasEnded) timer = setTimeout(() => void measure(), Math.max(everyMs, (performance.now() - startedMs) * shareOfTime));
  };
  return {
    begin: () => void measure(),
    usedBytes: () => used,
    onChange: (listener) => void listeners.push(listener),
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
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
