import { access, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { closureHash } from '../../../strategies/sources/build-record.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { runEnsure } from '../../e2e/sources/support/run-child.ts';
import { createScratch } from '../../e2e/sources/support/scratch.ts';

const away = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const job = (root: string): { root: string; datastore: string; track: string } => ({ root, datastore: 'redis', track: '8' });

describe('without a network, what was fetched before is enough', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  beforeAll(async () => { scratch = await createScratch(); });
  afterAll(() => scratch.remove());

  it('to make a lost build again, to install anew, and to do so with old lists', async () => {
    const root = join(scratch.directory, 'engines');
    const first = await runEnsure(job(root));
    const { id, prefix } = first.build ?? { id: '', prefix: '' };
    expect(id).not.toBe('');

    await rm(prefix, { recursive: true });
    expect(await createEngineStore({ root, log: silentLog }).get(id)).toBeUndefined();
    expect((await runEnsure({ ...job(root), restore: id }, { env: away })).build?.id).toBe(id);

    await rm(join(root, 'builds'), { recursive: true });
    expect((await runEnsure(job(root), { env: away })).build?.id).toBe(id);

    await rm(join(root, 'builds'), { recursive: true });
    const long = new Date(Date.now() - 24 * 60 * 60 * 1000);
    for (const suite of ['trixie', 'bookworm']) await utimes(join(root, 'apt', suite, 'updated'), long, long);
    expect((await runEnsure(job(root), { env: away })).build?.id).toBe(id);

    // Old lists say nothing of something newer.
    expect((await runEnsure({ ...job(root), refresh: true }, { env: away })).error).toMatchObject({ code: 'SOURCE.UNAVAILABLE', reason: 'no-network', message: expect.stringMatching(/redis 8 could not be installed: the Debian archive could not be reached/) });

    // Asking for something newer finds that there is nothing newer, and makes no second build.
    expect((await runEnsure({ ...job(root), refresh: true })).build?.id).toBe(id);
    expect(await readdir(join(root, 'builds'))).toEqual([id]);
  });

  it('and with one, a build of packages that the archive has replaced stays beside the newer one', async () => {
    const root = join(scratch.directory, 'engines');
    const store = createEngineStore({ root, log: silentLog });
    const [made] = await store.list();
    const { id, prefix } = made!;
    // As it would be if it had been made before the fix.
    const before = { id: 'redis-8.0.0-0badcafe', prefix: join(root, 'builds/redis-8.0.0-0badcafe') };
    const asBefore = (text: string): string => {
      const record = JSON.parse(text.replaceAll(id, before.id)) as { build: EngineBuild };
      const packages = record.build.packages.map((one, i) => (i === 0 ? { ...one, version: `${one.version}~before` } : one));
      return JSON.stringify({ ...record, build: { ...record.build, version: '8.0.0', packages, closureHash: closureHash(packages), installedAt: '2026-01-01T00:00:00Z' } });
    };
    for (const [from, to] of [[join(prefix, '.coffer-build.json'), join(prefix, '.coffer-build.json')], [join(root, 'records', `${id}.json`), join(root, 'records', `${before.id}.json`)]] as const) {
      await writeFile(to, asBefore(await readFile(from, 'utf8')));
    }
    await rm(join(root, 'records', `${id}.json`));
    await rename(prefix, before.prefix);
    expect((await runEnsure(job(root))).build?.id).toBe(before.id);
    expect((await runEnsure({ ...job(root), refresh: true })).build?.id).toBe(id);
    expect((await store.list()).map((one) => one.id)).toEqual([id, before.id]);
    expect((await runEnsure(job(root))).build?.id).toBe(id);
    await rm(before.prefix, { recursive: true });
  });

  it('but a package damaged on disk is noticed and not used', async () => {
    const root = join(scratch.directory, 'engines');
    const [build] = await createEngineStore({ root, log: silentLog }).list();
    const name = (await readdir(join(root, 'packages'))).find((file) => file.startsWith('redis-tools_')) ?? '';
    await writeFile(join(root, 'packages', name), 'not a package');
    await rm(build?.prefix ?? '', { recursive: true });
    const end = await runEnsure({ ...job(root), restore: build?.id ?? '' }, { env: away });
    expect(end.error?.message).toMatch(/the package redis-tools_\S+ of redis-\S+ is no longer kept/);
    await expect(access(join(root, 'packages', name))).rejects.toThrow();
    expect((await runEnsure(job(root))).build?.id).toBe(build?.id);
  });
});
