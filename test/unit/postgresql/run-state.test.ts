import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GuestContext } from '../../../strategies/spi/guest.ts';
import { clearLeftovers } from '../../../strategies/datastores/postgresql/guest/run-state.ts';

let volume: string;
beforeEach(async () => { volume = await mkdtemp(join(tmpdir(), 'coffer-')); });
afterEach(() => rm(volume, { recursive: true, force: true }));

describe('before a start', () => {
  it('what an upgrade left that failed is gone: its files would keep the blocks of data that are not there any more', async () => {
    const data = join(volume, 'data');
    for (const folder of [data, join(volume, 'upgrade/data/base'), join(volume, 'upgrade/former'), join(volume, 'upgrade-check/data'), join(volume, 'kept.op_1')]) await mkdir(folder, { recursive: true });
    for (const file of ['data/PG_VERSION', 'upgrade/data/base/1']) await writeFile(join(volume, file), '17');
    const ctx = { paths: { data, run: volume }, network: { ports: {} }, engine: { killLeftovers: async () => {} } };
    await clearLeftovers(ctx as unknown as GuestContext);
    expect((await readdir(volume)).sort()).toEqual(['data', 'kept.op_1']);
  });
});
