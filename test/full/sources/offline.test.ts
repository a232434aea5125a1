import { access, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
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

    // Asking for something newer finds that there is nothing newer, and makes no second build.
    expect((await runEnsure({ ...job(root), refresh: true })).build?.id).toBe(id);
    expect(await readdir(join(root, 'builds'))).toEqual([id]);
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
