/** Several packages are named, and the agent of an instance starts with its own alone: whatever the others do when they are imported. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadApart } from '../../../strategies/apart.ts';
import { packagesOf } from '../../../strategies/registry.ts';
import { bundleAgent } from '../agent/support/bundle.ts';
import { claim, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

const repository = join(import.meta.dirname, '../../..');
const named = ['broken-controls/endless.ts', 'broken-controls/leaving.ts', 'tiny-datastore/index.ts'].map((name) => join(repository, 'test/fixtures', name));

let host: TestCompute;
beforeAll(async () => {
  const loaded = await Promise.all(named.map((origin, at) => loadApart(origin, { keep: false, ...(at === 0 ? { loadTimeoutMs: 2_000 } : {}) })));
  expect(loaded.map(({ state }) => state)).toEqual(['DISABLED', 'DISABLED', 'READY']);
  host = await startTestCompute({ COFFER_PLUGINS: named.join(',') }, { agent: await bundleAgent(repository), packagesOf: (datastore) => packagesOf(loaded, datastore) });
});
afterAll(() => host?.dispose());

it('and lives', async () => {
  const id = newInstance();
  await host.client.createVolume({ instanceId: id, sizeGb: 1 }, claim());
  await host.client.createGuest(specOf(id, { datastore: 'tiny', track: '1', ports: { client: 24_003, agent: 24_004 } }), claim());
  // It has loaded its plugin by the time it tries to enrol, which nobody answers here.
  const said = (): Promise<string> => readFile(join(host.folder(id), 'logs/agent.log'), 'utf8').catch(() => '');
  await expect.poll(said, { timeout: 10_000 }).toMatch(/enrolment failed; it is tried again/);
});
