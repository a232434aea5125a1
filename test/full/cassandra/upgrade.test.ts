/** From the build before the one that the plugin names to that one. */
import { chown, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineBuild } from '../../../kit/harness/engine-builds.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness, HarnessFacts, Login, StockClient } from '../../../strategies/conformance/index.ts';
import plugin from '../../../strategies/datastores/cassandra/index.ts';
import type { NamedBuild } from '../../../strategies/spi/guest.ts';
import type { ArtefactSpec, EngineBuild, EngineSourceSpec } from '../../../strategies/spi/engine-source.ts';
import { createStockClient } from '../../e2e/cassandra/driver.ts';
import { harnessOptions } from '../../e2e/cassandra/fixture.ts';
import { furtherBuild, ownDirectory } from '../../support/further-builds.ts';
import { defineNewBuild, type Place } from '../upgrade/new-build.ts';

const version = '5.0';
/** Its libraries are those of 5.0.9. */
const server: ArtefactSpec = {
  kind: 'maven', path: 'org/apache/cassandra/cassandra-all/5.0.8/cassandra-all-5.0.8.jar', into: 'usr/share/cassandra/lib',
  sha256: '82a886c64c0e11d15a2aa2884a06aded43f27b80eaacbf99ae0c13aa41d96d9e', sizeBytes: 11_143_518,
};
function formerSource(): EngineSourceSpec {
  const [source] = plugin.manifest.tracks.find(({ name }) => name === version)!.sources;
  if (source?.kind !== 'debian') throw new Error('the plugin has another source now');
  return { ...source, artefacts: source.artefacts!.map((one) => (one.kind === 'maven' && one.path.includes('/cassandra-all/') ? server : one)) };
}

const tables = ({ folder }: Place): string => join(folder, 'volume/data/tables');
/** Copies that the server makes of its own tables when it is another build than before. */
const ownCopies = async (folder: string): Promise<string[]> =>
  (await Promise.all((await readdir(join(folder, 'system'))).map((table) => readdir(join(folder, 'system', table, 'snapshots')).catch((): string[] => [])))).flat();
/** Of 2.2, as somebody may copy it there. */
async function foreignFile(place: Place): Promise<string> {
  const [table] = await readdir(join(tables(place), 'app'));
  return join(tables(place), 'app', table!, 'la-1-big-Data.db');
}

defineNewBuild({
  datastore: 'cassandra', version,
  builds: async (folder) => ({
    former: await ownDirectory(folder, await furtherBuild('cassandra', version, formerSource()), 'java', 'CassandraDaemon'),
    next: await ownDirectory(folder, await engineBuild(plugin, version), 'java', 'CassandraDaemon'),
  }),
  client: ({ endpoints: [{ host, port }], caCertificate }) => createStockClient({ host, ports: { cql: port }, caCertificate } as unknown as HarnessFacts),
  group: { name: 'tables_warn_threshold', value: '150' },
  veto: {
    async make(place) {
      const [path, { uid, gid }] = [await foreignFile(place), await stat(tables(place))];
      await writeFile(path, '');
      await chown(path, uid, gid);
    },
    unmake: async (place) => rm(await foreignFile(place)),
    subject: /^app\.kit$/, words: /form la \(big\), at which Cassandra 5\.0\.9 would not start.*upgradesstables/,
  },
  after: async (place) => expect(await ownCopies(tables(place))).toEqual([]),
});

describe('another build of Cassandra', () => {
  const login: Login = { user: 'anna', password: 'Upgrade-password-1', database: 'app' };
  const named = ({ track, version: exact, prefix, binDir }: EngineBuild): NamedBuild => ({ track, version: exact, prefix, bin: binDir });
  let harness: GuestHarness;
  let client: StockClient;
  let from: NamedBuild;
  let to: NamedBuild;
  beforeAll(async () => {
    const build = await furtherBuild('cassandra', version, formerSource());
    [from, to] = [named(build), named(await engineBuild(plugin, version))];
    harness = await createProcessHarness({ ...harnessOptions(5), ports: { cql: 21_655, storage: 21_656, jmx: 21_657 }, build });
    for (const method of ['initialise', 'configure', 'start'] as const) await harness.call(method, []);
    await harness.call('databases.create', [{ name: 'app' }]);
    await harness.call('users.create', [{ name: login.user, password: login.password, grants: [{ database: 'app', privileges: [] }] }]);
    client = createStockClient(harness.facts);
    await client.write(login, 'kept', 'here');
  }, 600_000);
  afterAll(() => harness?.dispose());

  it('is none that is older', async () => {
    expect(await harness.call('upgrade.check', [{ ...from, version: '5.0.7' }])).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('5.0.7 is older') }]);
  });
  it('is asked whether it takes what it would be started with, by its own tool', async () => {
    expect(await harness.call('upgrade.check', [to])).toEqual([]);
    harness.tune({ column_index_size: '2147483646' });
    expect(await harness.call('upgrade.check', [to])).toEqual([{ severity: 'ERROR', subject: 'column_index_size', message: expect.stringContaining('5.0.9 does not take what it would be started with') }]);
    harness.tune({});
    expect(await harness.call('upgrade.check', [{ ...to, prefix: '/nowhere' }])).toEqual([{ severity: 'ERROR', subject: null, message: expect.stringMatching(/GenerateTokens.*name another build/) }]);
  });
  it('is vetoed by files at which it would not start, and it really would not', async () => {
    const names = ['shop-orders-ka-1', 'la-1-big', 'oa-9-big', 'da-3gx8_0m2s_1a2b3c-bti'];
    const folder = join(harness.facts.paths.data, 'tables/app');
    const [table] = await readdir(folder);
    const paths = names.map((name) => join(folder, table!, `${name}-Data.db`));
    const { uid, gid } = await stat(folder);
    for (const path of paths) {
      await writeFile(path, '');
      await chown(path, uid, gid);
    }
    expect(await harness.call('upgrade.check', [to])).toMatchObject([{ severity: 'ERROR', subject: 'app.kit', message: expect.stringContaining('form da (bti), ka (big), la (big), oa (big), at which') }]);
    await harness.call('stop', ['orderly']);
    const refusal = await harness.call('start', []).then(() => 'it started', (error: Error) => error.message);
    expect(names.filter((name) => !refusal.includes(name)), refusal).toEqual([]);
    for (const path of paths) await rm(path);
    await harness.call('start', []);
    expect(await harness.call('upgrade.check', [to])).toEqual([]);
  });
  it('reads what a killed server left in its commit log, and keeps no copies of the server\'s own tables', async () => {
    await client.write(login, 'last', 'written');
    await harness.signalEngine('SIGKILL');
    await harness.changeBuild(to);
    await harness.call('upgrade.run', [from]);
    await harness.call('configure', []);
    await harness.call('start', []);
    const folder = join(harness.facts.paths.data, 'tables');
    expect(await ownCopies(folder)).toContainEqual(expect.stringMatching(/^\d+-upgrade-5\.0\.8-5\.0\.9$/));
    await harness.call('upgrade.finish', [from]);
    expect(await ownCopies(folder)).toEqual([]);
    expect(await harness.call('probe', [])).toMatchObject({ state: 'ok', version: to.version, managementLost: false });
    expect([await client.read(login, 'kept'), await client.read(login, 'last')]).toEqual(['here', 'written']);
  });
});
