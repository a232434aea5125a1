import { execFileSync } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore, EngineSourceError } from '../../../strategies/sources/index.ts';
import { unprivilegedIdentity } from '../../../kit/harness/unprivileged.ts';
import { canInterpose, startArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import type { ArchiveProxy } from '../../e2e/sources/support/archive-proxy.ts';
import { engineCase } from '../../e2e/sources/support/engine-cases.ts';
import { runEnsure } from '../../e2e/sources/support/run-child.ts';
import type { ChildEnd } from '../../e2e/sources/support/run-child.ts';
import { createScratch, sharedRoot } from '../../e2e/sources/support/scratch.ts';

const away = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const byHand = 'COFFER_ENGINE_PATHS="redis/8=/path/to/bin"';
const job = (root: string): { root: string; datastore: string; track: string } => ({ root, datastore: 'redis', track: '8' });

/** One sentence with the reason and the way out; nothing half made stays. */
async function expectRefusal(end: ChildEnd, root: string, reason: string, words: RegExp): Promise<void> {
  expect(end.error).toMatchObject({ code: 'SOURCE.UNAVAILABLE', reason });
  expect(end.error?.message).toMatch(words);
  expect(end.error?.message).toContain(byHand);
  expect(await createEngineStore({ root, log: silentLog }).list()).toEqual([]);
  expect((await readdir(join(root, 'builds')).catch(() => [])).filter((name) => !name.startsWith('.'))).toEqual([]);
}

describe('what cannot be had is refused with the reason and the way out', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let proxy: ArchiveProxy;
  const rootOf = (name: string): string => join(scratch.directory, name);
  beforeAll(async () => { [scratch, proxy] = [await createScratch(), await startArchiveProxy()]; });
  afterAll(async () => { await proxy.stop(); await scratch.remove(); });

  it('without a network', async () => {
    const root = rootOf('no-network');
    await expectRefusal(await runEnsure(job(root), { env: away }), root, 'no-network', /archive could not be reached.*apt says:.*Check the network/);
  });

  it('when the archive is not signed by a known key', async () => {
    const root = rootOf('signature');
    const end = await runEnsure({ ...job(root), keyring: '/usr/share/keyrings/debian-archive-removed-keys.gpg' });
    await expectRefusal(end, root, 'signature', /signature of the Debian archive does not verify/);
  });

  it.runIf(canInterpose())('when a package is not what the archive signed', async () => {
    const root = rootOf('damaged');
    proxy.behaviour = { damages: (path) => path.includes('/redis-tools_') };
    const end = await runEnsure(job(root), { env: { http_proxy: proxy.url } });
    proxy.behaviour = {};
    await expectRefusal(end, root, 'corrupt-package', /checksum/);
    expect((await readdir(join(root, 'packages'))).filter((name) => name.startsWith('redis-tools'))).toEqual([]);
  });

  it.runIf(canInterpose())('when the archive lacks a package the lists name, after looking at fresh lists once', async () => {
    const root = rootOf('missing');
    proxy.behaviour = { refuses: (path) => path.includes('/redis-tools_') };
    const end = await runEnsure(job(root), { env: { http_proxy: proxy.url } });
    proxy.behaviour = {};
    await expectRefusal(end, root, 'no-such-package', /archive does not have the packages/);
  });

  it.runIf(process.getuid?.() === 0)('when the disk is too small, before any package is fetched', async () => {
    const root = rootOf('full');
    await mkdir(root);
    try { execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=130m,mode=755', 'tmpfs', root], { stdio: 'ignore' }); } catch { return; }
    try { await expectRefusal(await runEnsure(job(root)), root, 'disk-full', /MB are needed below .* MB are free.*Free some disk space/); } finally { execFileSync('umount', [root]); }
  });

  it.runIf(process.getuid?.() === 0)('when the user may not write there', async () => {
    const root = rootOf('locked');
    await mkdir(root, { mode: 0o755 });
    await expectRefusal(await runEnsure(job(root), { identity: unprivilegedIdentity() }), root, 'not-writable', /uid \d+\) may not write to/);
  });

  it('when the suite has another version than the track', async () => {
    const store = createEngineStore({ root: sharedRoot, log: silentLog });
    const asked = store.ensure({ datastore: 'redis', track: '6', sources: engineCase('redis', '8').sources, signal: AbortSignal.timeout(120_000) });
    await expect(asked).rejects.toThrow(/redis 6 could not be installed: trixie has redis 8\.\S+, which is not of track 6\./);
    await expect(asked).rejects.toBeInstanceOf(EngineSourceError);
  });

  it('when an abort comes, with the reason of the abort', async () => {
    const stop = new AbortController();
    const store = createEngineStore({ root: rootOf('aborted'), log: silentLog });
    const asked = store.ensure({ ...engineCase('redis', '8'), signal: stop.signal, progress: () => { stop.abort(new Error('enough')); } });
    await expect(asked).rejects.toThrow('enough');
  });
});
