import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unprivilegedIdentity } from '../../../kit/harness/unprivileged.ts';
import { canInterpose, startArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import type { ArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import { runEnsure } from '../../e2e/sources/support/run-child.ts';
import { createScratch } from '../../e2e/sources/support/scratch.ts';

describe('several processes', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let proxy: ArchiveProxy;
  beforeAll(async () => { [scratch, proxy] = [await createScratch(), await startArchiveProxy()]; });
  afterAll(async () => { await proxy.stop(); await scratch.remove(); });

  it.runIf(canInterpose())('share one installation of a track, and install other tracks beside it', async () => {
    const root = join(scratch.directory, 'shared');
    const env = { http_proxy: proxy.url };
    const jobs = ['8', '8', '8', '7'].map((track) => runEnsure({ root, datastore: 'redis', track }, { env }));
    const ends = await Promise.all(jobs);
    expect(ends.map((e) => e.error)).toEqual([undefined, undefined, undefined, undefined]);
    expect(new Set(ends.map((e) => e.build?.id)).size).toBe(2);
    expect(new Set(ends.map((e) => e.build?.installedAt)).size).toBe(2);
    const waited = ends.filter((e) => e.lines.some((l) => /waiting for another installation of redis 8 \(process \d+\)/.test(l.message ?? '')));
    expect(waited.length).toBe(2);
    const servers = [...proxy.packageBytes.keys()].filter((path) => path.includes('/redis-server_'));
    for (const path of servers) expect(proxy.packageBytes.get(path), path).toBeLessThan(200_000);
  });

  it.runIf(canInterpose())('tell progress that rises, names the package under way and ends with the whole', async () => {
    const root = join(scratch.directory, 'progress');
    proxy.behaviour = { packageBytesPerSecond: 4_000_000 };
    const { lines } = await runEnsure({ root, datastore: 'redis', track: '8' }, { env: { http_proxy: proxy.url } });
    proxy.behaviour = {};
    const fractions = lines.flatMap((l) => l.fraction ?? []);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    const downloading = lines.flatMap((l) => /^downloading \S+ [0-9][^ ]* \((\d+) of (\d+) MB\)$/.exec(l.message ?? '')?.slice(1).map(Number) ?? []);
    expect(downloading.length).toBeGreaterThan(4);
    expect(new Set(downloading.filter((_, i) => i % 2 === 1)).size).toBe(1);
  });

  it.runIf(process.getuid?.() === 0)('install as an ordinary user and below a private home, whatever the umask', async () => {
    const [own, home] = [join(scratch.directory, 'own'), join(scratch.directory, 'home')];
    const ordinary = await runEnsure({ root: join(own, 'engines'), datastore: 'redis', track: '8' }, { identity: unprivilegedIdentity(), umask: '077', env: { HOME: scratch.directory } });
    await mkdir(home, { mode: 0o700 });
    const asRoot = await runEnsure({ root: join(home, 'engines'), datastore: 'redis', track: '8' }, { umask: '077' });
    const inPublic = await runEnsure({ root: join(scratch.directory, 'public'), datastore: 'redis', track: '8' }, { umask: '077' });
    for (const end of [ordinary, asRoot, inPublic]) {
      expect(end.error).toBeUndefined();
      const program = await stat(join(end.build?.binDir ?? '', 'redis-server'));
      expect(program.mode & 0o7777).toBe(0o755);
      expect(program.uid).toBe(end === ordinary ? unprivilegedIdentity()?.uid : 0);
    }
  });
});
