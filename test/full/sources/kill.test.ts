import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import { canInterpose, startArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import type { ArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import { processesNaming, runEnsure } from '../../e2e/sources/support/run-child.ts';
import type { ChildLine } from '../../e2e/sources/support/run-child.ts';
import { createScratch } from '../../e2e/sources/support/scratch.ts';

describe.runIf(canInterpose())('an installation that is killed', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let proxy: ArchiveProxy;
  beforeAll(async () => { [scratch, proxy] = [await createScratch(), await startArchiveProxy()]; });
  afterAll(async () => { await proxy.stop(); await scratch.remove(); });

  const points: [string, (line: ChildLine) => boolean, number | undefined][] = [
    ['while it reads the lists', (line) => /reading/.test(line.message ?? ''), undefined],
    ['at the first downloaded bytes', (line) => (line.fraction ?? 0) > 0.05, 1_500_000],
    ['in the middle of the download', (line) => (line.fraction ?? 0) > 0.4, 1_500_000],
    ['while it unpacks', (line) => /unpacking \(5 /.test(line.message ?? ''), undefined],
    ['while it relinks', (line) => /relinking/.test(line.message ?? ''), undefined],
    ['while it verifies', (line) => /verifying/.test(line.message ?? ''), undefined],
  ];

  it('never leaves a build behind, leaves no process, continues its download and ends well', async () => {
    const root = join(scratch.directory, 'engines');
    const job = { root, datastore: 'redis', track: '8' };
    const env = { http_proxy: proxy.url };
    const store = createEngineStore({ root, log: silentLog });
    for (const [name, killAt, packageBytesPerSecond] of points) {
      proxy.behaviour = packageBytesPerSecond === undefined ? {} : { packageBytesPerSecond };
      const killed = await runEnsure(job, { env, killAt });
      expect(killed.wasKilled, name).toBe(true);
      expect(killed.build, name).toBeUndefined();
      expect(await store.list(), name).toEqual([]);
      await expect.poll(() => processesNaming(root), { message: name, timeout: 3_000 }).toEqual([]);
    }
    proxy.behaviour = {};
    const end = await runEnsure(job, { env });
    expect(end.error).toBeUndefined();
    expect((await store.list()).map((b) => b.id)).toEqual([end.build?.id]);
    expect((await readdir(join(root, 'builds'))).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await readdir(join(root, 'apt'))).filter((name) => name.startsWith('work-'))).toEqual([]);
    const served = [...proxy.packageBytes.values()].reduce((a, b) => a + b, 0);
    const kept = await totalBytes(join(root, 'packages'));
    // What was in flight when the process was killed, and no more, is asked for again.
    expect(served).toBeLessThan(kept * 1.25);
  });
});

async function totalBytes(directory: string): Promise<number> {
  const sizes = await Promise.all((await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((a, b) => a + b, 0);
}
