import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { limiterOf } from '../../../compute/cgroup/limiter.ts';

/** An ordinary folder in place of the kernel's: what is written where can be read again. */
const root = mkdtempSync(join(tmpdir(), 'coffer-cgroup-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('control groups of version 2', () => {
  const parent = join(root, 'coffer');
  const limiter = limiterOf({ version: 2, parents: { memory: parent, cpu: parent, pids: parent } });
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');

  it('are handed their controllers, also when the parent had gone with the last guest', async () => {
    for (const id of ['one', 'two']) {
      await limiter.ensure(id, { memoryMb: 256, vcpus: 1 });
      expect([read('cgroup.subtree_control'), read('coffer/cgroup.subtree_control')]).toEqual(['+memory +cpu +pids', '+memory +cpu +pids']);
      expect(read(`coffer/${id}/pids.max`)).toBe('4096');
      rmSync(parent, { recursive: true });
    }
  });
});
