/**
 * Makes what a plugin's tracks can be told in a configuration group, by asking their engines:
 *
 *     node scripts/catalogue.ts <datastore> [track]            writes strategies/datastores/<datastore>/catalogue/<track>.json
 *     node scripts/catalogue.ts <datastore> [track] --check    only compares; ends with 1 where something differs
 *
 * The binaries are those of the tests (COFFER_TEST_ENGINES). `catalogue/overlay.ts` beside the file adds what an engine does
 * not tell.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { engineFolder } from '../kit/harness/engine-builds.ts';
import { createProcessHarness } from '../kit/harness/process-harness.ts';
import { ensureBuild } from '../kit/engine.ts';
import type { DatastorePlugin } from '../strategies/spi/datastore.ts';
import { type CatalogueOverlay, withOverlay } from '../strategies/spi/parameter-overlay.ts';
import type { ParameterSpec } from '../strategies/spi/parameters.ts';
import { differences, renderCatalogue } from './catalogue/render.ts';
import { ROOT } from './run.ts';

const usage = 'usage: node scripts/catalogue.ts <datastore> [track] [--check] [--first-port <port>]';
/** The track's smallest flavor does for an engine that is only asked. */
const [vcpus, volumeGb] = [1, 1];

async function ask(plugin: DatastorePlugin, pluginUrl: string, track: string, overlay: CatalogueOverlay, firstPort: number): Promise<ParameterSpec[]> {
  const { id, ports, tracks } = plugin.manifest;
  const found = tracks.find(({ name }) => name === track);
  if (!found) throw new Error(`${id} has no track ${track}: ${tracks.map(({ name }) => name).join(', ')}`);
  const sources = found.sources.filter(({ kind }) => kind !== 'host');
  const build = await ensureBuild({ folder: engineFolder, datastore: id, track, sources, onProgress: () => {} });
  const harness = await createProcessHarness({
    plugin, pluginUrl, track, build, flavor: { vcpus, memoryMb: found.minMemoryMb }, volumeGb, ports: Object.fromEntries(ports.map(({ name }, index) => [name, firstPort + index])),
  });
  try {
    harness.tune({ ...overlay.askedWith });
    for (const method of ['initialise', 'configure', 'start'] as const) await harness.call(method, []);
    return withOverlay(await harness.call('configuration.describe', []), overlay);
  } finally {
    await harness.dispose();
  }
}

async function main(): Promise<number> {
  const { values, positionals: [datastore, only] } = parseArgs({ allowPositionals: true, options: { check: { type: 'boolean', default: false }, 'first-port': { type: 'string', default: '21790' } } });
  const folder = join(ROOT, 'strategies/datastores', datastore ?? '');
  if (datastore === undefined || !existsSync(join(folder, 'index.ts'))) throw new Error(usage);
  const pluginUrl = pathToFileURL(join(folder, 'index.ts')).href;
  const plugin = ((await import(pluginUrl)) as { default: DatastorePlugin }).default;
  const overlayFile = join(folder, 'catalogue/overlay.ts');
  const overlay = existsSync(overlayFile) ? ((await import(overlayFile)) as { overlay: CatalogueOverlay }).overlay : { parameters: {} };
  let isSame = true;
  for (const track of only === undefined ? plugin.manifest.tracks.map(({ name }) => name) : [only]) {
    const told = await ask(plugin, pluginUrl, track, overlay, Number(values['first-port']));
    const file = join(folder, 'catalogue', `${track}.json`);
    const kept = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as ParameterSpec[];
    const found = differences(kept, told);
    if (found.length > 0) isSame = false;
    for (const line of values.check ? found : []) console.log(line);
    console.log(`${datastore} ${track}: ${told.length} parameters, ${found.length === 0 ? 'as the file has them' : `${found.length} ${values.check ? 'differ' : 'changed'}`}`);
    if (values.check) continue;
    await mkdir(join(folder, 'catalogue'), { recursive: true });
    await writeFile(file, renderCatalogue(told));
  }
  return values.check && !isSame ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 2;
});
