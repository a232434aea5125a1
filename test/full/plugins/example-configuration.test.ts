/** Configuration groups of the example plugin on its engine: what it promises with CONFIGURATION, from the folder of its package. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import type { DatastorePlugin } from '../../../strategies/spi/datastore.ts';
import { fetchEngines } from '../../support/engines.ts';
import { ROOT } from '../../support/installation.ts';
import { createPluginFolder, type PluginFolder } from '../../support/plugin-folder.ts';
import { generatePackages } from '../../support/plugin-packages.ts';

let folder: PluginFolder;
let plugin: DatastorePlugin;
beforeAll(async () => {
  await generatePackages();
  folder = await createPluginFolder(join(ROOT, 'examples/plugins/valkey'));
  plugin = ((await import(pathToFileURL(join(folder.path, 'index.js')).href)) as { default: DatastorePlugin }).default;
  await fetchEngines([plugin]);
}, 600_000);
afterAll(() => folder.remove());

describe.each(['8', '9'])('configuration of valkey %s', (track) => {
  let harness: GuestHarness;
  let untouched: { file: string; told: unknown };
  const configFile = (): Promise<string> => readFile(join(harness.facts.paths.config, 'valkey.conf'), 'utf8');
  const read = async (...names: string[]) => (await harness.call('configuration.read', [])).filter(({ name }) => names.includes(name));
  const configure = (parameters: Record<string, string>) => {
    harness.tune(parameters);
    return harness.call('configure', []);
  };
  const restart = async (): Promise<void> => {
    await harness.call('stop', ['orderly']);
    await harness.call('start', []);
  };
  const expectUntouched = async (): Promise<void> => {
    expect(await configFile()).toBe(untouched.file);
    expect(await harness.call('configuration.read', [])).toEqual(untouched.told);
  };
  beforeAll(async () => {
    harness = await createProcessHarness({ plugin, pluginUrl: pathToFileURL(join(folder.path, 'index.js')).href, track, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1, ports: { valkey: 21_669 } });
    await harness.call('initialise', []);
    await harness.call('start', []);
    untouched = { file: await configFile(), told: await harness.call('configuration.read', []) };
  });
  afterAll(() => harness?.dispose());
  beforeEach(async () => {
    await configure({});
    await restart();
  });

  it('has the catalogue that the engine tells', async () => {
    const told = await harness.call('configuration.describe', []);
    // `vitest run --update` on this file makes the catalogue anew
    await expect(`[\n${told.map((spec) => JSON.stringify(spec)).join(',\n')}\n]\n`).toMatchFileSnapshot(join(ROOT, 'examples/plugins/valkey/catalogue', `${track}.json`));
    expect(await plugin.control.parameters?.({ track })).toEqual(told);
    expect(told.length).toBeGreaterThan(150);
    expect((await harness.call('configuration.read', [])).filter(({ pending }) => pending !== null)).toEqual([]);
  });
  it('takes live values at once and forgets them when they go', async () => {
    const given = { 'appendfsync': 'no', 'client-output-buffer-limit': 'normal 0 0 0 slave 0 0 0 pubsub 1048576 0 0', 'ignore-warnings': 'a "b"\n\\ ß', 'lazyfree-lazy-expire': 'false', 'maxmemory-policy': 'allkeys-lru', 'notify-keyspace-events': 'KEA', 'save': '' };
    expect(await configure(given)).toEqual({ changed: true, restartRequired: [] });
    for (const next of [() => configure(given), restart]) {
      await next();
      expect(Object.fromEntries((await read(...Object.keys(given))).map(({ name, value }) => [name, value]))).toEqual(given);
    }
    expect(await configure({})).toEqual({ changed: true, restartRequired: [] });
    await expectUntouched();
  });
  it('names what waits for a restart, going and coming', async () => {
    expect(await configure({ 'tcp-backlog': '300' })).toEqual({ changed: true, restartRequired: ['tcp-backlog'] });
    expect(await read('tcp-backlog')).toEqual([{ name: 'tcp-backlog', value: '511', pending: '300' }]);
    await restart();
    expect(await configure({})).toEqual({ changed: true, restartRequired: ['tcp-backlog'] });
    await restart();
    await expectUntouched();
  });
  it('leaves everything as it was when the engine refuses one value, and names it', async () => {
    for (const [name, value] of [['notify-keyspace-events', 'Q?'], ['hz', '1000'], ['io-threads', '9999']] as const) {
      await expect(configure({ 'maxmemory-policy': 'allkeys-lru', [name]: value })).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringMatching(new RegExp(`^${name}: the engine refuses this value: .`)) });
      await expectUntouched();
    }
  });
  it('loses to what Coffer owns', async () => {
    await configure({ 'dir': '/tmp', 'appendonly': 'false', 'bind': '*' });
    await restart();
    await expectUntouched();
  });
  it('is told up front what cannot work', async () => {
    const pathsOf = async (parameters: Record<string, string>) => (await plugin.control.checkParameters!({ track, flavor: { vcpus: 1, memoryMb: 256 }, volumeGb: 1, sizing: {}, parameters })).map(({ path }) => path.join('.'));
    expect(await pathsOf({ 'maxmemory': String(216 * 1024 ** 2), 'save': '900 1' })).toEqual([]);
    expect(await pathsOf({ 'maxmemory': String(217 * 1024 ** 2), 'save': '900', 'client-output-buffer-limit': 'pubsub 1mb 0 0', 'latency-tracking-info-percentiles': 'half' })).toEqual(['save', 'client-output-buffer-limit', 'latency-tracking-info-percentiles', 'maxmemory']);
    expect(await pathsOf({ 'maxmemory': '0', 'client-output-buffer-limit': 'normal 1 0 0 slave 0 0 0 pubsub 0 0 0' })).toEqual(['client-output-buffer-limit', 'maxmemory']);
  });
});
