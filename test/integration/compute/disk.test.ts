/** How much of the host's disk a volume really takes: what the guard of its reserve goes by. */
import { link, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { usedBytes } from '../../../compute/disk.ts';
import { allPids, statOf } from '../../../compute/processes/proc.ts';

const mebibyte = 1024 ** 2;
let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'coffer-disk-')); });
afterEach(() => rm(folder, { recursive: true, force: true }));
const used = (): Promise<number> => usedBytes(folder, AbortSignal.timeout(30_000));

it('blocks are counted, once each: neither lengths nor where links lead', async () => {
  await writeFile(join(folder, 'data'), Buffer.alloc(2 * mebibyte, 1));
  await link(join(folder, 'data'), join(folder, 'same'));
  await writeFile(join(folder, 'sparse'), '');
  await truncate(join(folder, 'sparse'), 1024 * mebibyte);
  await symlink('/usr', join(folder, 'elsewhere'));
  const bytes = await used();
  expect(bytes).toBeGreaterThanOrEqual(2 * mebibyte);
  expect(bytes).toBeLessThan(2.2 * mebibyte);
});

it('what takes too long to be counted is more than enough, and what is gone is nothing', async () => {
  expect(await usedBytes('/usr', AbortSignal.timeout(30_000), 1)).toBe(Infinity);
  await rm(folder, { recursive: true });
  expect(await used()).toBe(0);
});

it('a count that is called off is no number', async () => {
  await expect(usedBytes(folder, AbortSignal.abort(new Error('closing')))).rejects.toThrow();
});

it('a count whose program was killed is no number either: the volume is not taken for an empty one', async () => {
  const counting = usedBytes('/', AbortSignal.timeout(30_000));
  process.kill(childNamed('du'), 'SIGKILL');
  await expect(counting).rejects.toThrow();
});

/** It is there when `execFile` has returned; under its own name a moment later. */
function childNamed(name: string): number {
  for (;;) {
    const found = allPids().find((pid) => { const stat = statOf(pid); return stat?.name === name && stat.parent === process.pid; });
    if (found !== undefined) return found;
  }
}
