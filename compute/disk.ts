import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';

export interface DiskSpace { totalBytes: number; freeBytes: number }
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const found = await statfs(folder);
  return { totalBytes: found.blocks * found.bsize, freeBytes: found.bavail * found.bsize };
}

/** A million files and more, once the kernel knows them. */
const countLimitMs = 20_000;

/**
 * Bytes on disk below a folder; links are counted, not followed. Infinite where it takes too long: nobody is to be counted
 * below what they take by the number of their files. By a program, which is quicker and holds up nothing else here.
 */
export function usedBytes(folder: string, signal: AbortSignal, limitMs = countLimitMs): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile('du', ['-s', '-x', '-B1', '--', folder], { timeout: limitMs, killSignal: 'SIGKILL', signal, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, cwd: '/' }, (error, stdout) => {
      if (signal.aborted || error?.code === 'ENOENT') return reject(error ?? signal.reason);
      if (error?.killed) return resolve(Infinity);
      const bytes = Number.parseInt(stdout, 10);
      // Files that are gone since are told by its exit code, beside the sum; where it did not come to its end there is none.
      if (error && typeof error.code !== 'number') return reject(error);
      resolve(Number.isSafeInteger(bytes) ? bytes : 0);
    });
  });
}
