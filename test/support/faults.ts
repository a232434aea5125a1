/** Kills processes of an installation at named points, switched while they run (kernel/fault-point.ts). */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const lookEveryMs = 5;

export interface Faults {
  /** for every process of the installation */
  env: Record<string, string>;
  /** Whoever reaches the point first gets the signal, once. */
  arm(point: string, signal?: 'SIGKILL' | 'SIGSTOP'): Promise<void>;
  /** Resolves when the point was reached. */
  reached(point: string, timeoutMs?: number): Promise<void>;
  /** Ends all waiting for points; answers those that nobody reached. */
  disarm(): Promise<string[]>;
  /** The points that were reached during the work, each once, in order. */
  trace(work: () => Promise<void>): Promise<string[]>;
  remove(): Promise<void>;
}

/** Many users write here: engines' agents, the gateway, ourselves. */
async function openFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o777);
}

export async function createFaults(): Promise<Faults> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-faults-'));
  const [armed, hit, trace] = [join(folder, 'armed'), join(folder, 'hit'), join(folder, 'trace')];
  for (const path of [folder, armed, hit]) await openFolder(path);
  return {
    env: { COFFER_TEST_FAULT_FOLDER: folder },
    async arm(point, signal) {
      await rm(join(hit, point), { force: true });
      await writeFile(join(armed, point), signal ?? '', { mode: 0o644 });
    },
    async reached(point, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs;
      while (!(await readdir(hit)).includes(point)) {
        if (Date.now() > deadline) throw new Error(`nobody reached ${point} within ${timeoutMs} ms`);
        await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
      }
    },
    async disarm() {
      const left = await readdir(armed);
      await Promise.all(left.map((point) => rm(join(armed, point), { force: true })));
      return left;
    },
    async trace(work) {
      await writeFile(trace, '');
      await chmod(trace, 0o666);
      await work();
      const points = (await readFile(trace, 'utf8')).split('\n').filter((line) => line !== '');
      await rm(trace);
      return [...new Set(points)];
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
