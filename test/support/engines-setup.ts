/** Before tests that need real engines: those of every built-in plugin are there. `COFFER_TEST_ENGINES` names another folder for them. */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPlugins } from '../../strategies/registry.ts';
import { fetchEngines } from './engines.ts';

export default async function setup(): Promise<void> {
  const root = (process.env['COFFER_TEST_ENGINES'] ??= join(tmpdir(), 'coffer-engines'));
  await mkdir(root, { recursive: true });
  await fetchEngines(root, (await loadPlugins()).flatMap((one) => (one.state === 'READY' ? [one.plugin] : [])));
}
