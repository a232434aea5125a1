/** What lies in the folders of tables, and what is made of it before the server is stopped for another build. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTables } from '../../../strategies/datastores/cassandra/guest/table-files.ts';
import { isOfUpgrade } from '../../../strategies/datastores/cassandra/guest/upgrade.ts';
import { buildFindings, formFindings, isReadable, parseFileName, settingFindings } from '../../../strategies/datastores/cassandra/guest/upgrade-findings.ts';

const to = { version: '5.0.9' };
const files = (...names: string[]) => names.map((name) => parseFileName(name)!);

describe('whether Cassandra can come to another build', () => {
  it('hangs on that one not being older than what wrote the data', () => {
    expect(['5.0.8', '5.0.9'].map((version) => buildFindings(version, to))).toEqual([[], []]);
    expect(buildFindings('5.0.10', to)).toMatchObject([{ severity: 'ERROR', subject: null, message: expect.stringMatching(/5\.0\.10.*5\.0\.9 is older/) }]);
  });

  it('on its taking what it would be started with', () => {
    expect(settingFindings(null, null, to)).toEqual([]);
    expect(settingFindings('Invalid yaml: concurrent_reads', 'concurrent_reads', to)).toMatchObject([{ severity: 'ERROR', subject: 'concurrent_reads', message: expect.stringMatching(/5\.0\.9 does not take.*Invalid yaml.*out of the configuration group/) }]);
    expect(settingFindings('Unknown option', null, to)).toMatchObject([{ severity: 'ERROR', subject: null, message: expect.stringContaining('another build') }]);
  });

  it('and on all of its files having a form that is read', () => {
    expect(files('ma-1-big-Data.db', 'me-2-big-Data.db', 'na-3-big-Data.db', 'nb-4-big-Data.db').map(isReadable)).toEqual([true, true, true, true]);
    // Of 2.2, and of 5.0 that was told to forget the way back to 4.
    expect(files('shop-orders-ka-1-Data.db', 'la-1-big-Data.db', 'oa-1-big-Data.db', 'da-3gx8_0m2s_1a2b3c-bti-Data.db', 'nb-1-new-Data.db').map(isReadable)).toEqual([false, false, false, false, false]);
    const table = (name: string, ...own: string[]) => ({ keyspace: 'shop', table: name, files: files(...own) });
    expect(formFindings([table('good', 'nb-1-big-Data.db'), table('bad', 'nb-1-big-Data.db', 'la-1-big-Data.db', 'la-1-big-Statistics.db', 'oa-2-big-Data.db')], to))
      .toMatchObject([{ severity: 'ERROR', subject: 'shop.bad', message: expect.stringMatching(/form la \(big\), oa \(big\), at which Cassandra 5\.0\.9 would not start.*upgradesstables/) }]);
  });
});

describe('files of tables', () => {
  it('are known by their names', () => {
    expect(files('nb-12-big-Data.db', 'da-3gx8_0m2s_1a2b3c-bti-Digest.crc32', 'shop-orders-ka-1-Data.db')).toEqual([{ version: 'nb', form: 'big' }, { version: 'da', form: 'bti' }, { version: 'ka', form: 'big' }]);
    expect(['manifest.json', 'schema.cql', 'nb_txn_compaction_1.log', 'nb-1-big-Data.db.tmp', 'Data.db', 'NB-1-big-Data.db'].map(parseFileName)).toEqual([null, null, null, null, null, null]);
  });

  it('are found in tables and their indexes, and not in what people keep', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-tables-'));
    try {
      const put = async (path: string): Promise<void> => {
        await mkdir(join(folder, path, '..'), { recursive: true });
        await writeFile(join(folder, path), '');
      };
      await put('shop/orders-2c7f3300/nb-1-big-Data.db');
      await put('shop/orders-2c7f3300/.by_name/oa-1-big-Data.db');
      await put('shop/orders-2c7f3300/snapshots/old/la-1-big-Data.db');
      await put('shop/orders-2c7f3300/backups/ka-1-big-Data.db');
      await put('Mixed/empty-11112222/manifest.json');
      expect((await listTables(folder)).sort((a, b) => (a.keyspace < b.keyspace ? 1 : -1))).toEqual([
        { keyspace: 'shop', table: 'orders', files: [{ version: 'nb', form: 'big' }, { version: 'oa', form: 'big' }] },
        { keyspace: 'Mixed', table: 'empty', files: [] },
      ]);
      expect(await listTables(join(folder, 'nowhere'))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('that the server keeps of its own tables at an upgrade are told from those of people', () => {
    expect(['1795940632266-upgrade-5.0.8-5.0.9', '1795940632266-upgrade-5.0.8-5.1-alpha1', 'upgrade', '1795940632266', 'before-upgrade-5.0.8-5.0.9', '1-upgrade-5;rm'].map(isOfUpgrade)).toEqual([true, true, false, false, false, false]);
  });
});
