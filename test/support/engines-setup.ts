/** Before tests that need real engines: those of every built-in plugin are there. */
import { loadPlugins } from '../../strategies/registry.ts';
import { fetchEngines } from './engines.ts';

export default async function setup(): Promise<void> {
  await fetchEngines((await loadPlugins()).flatMap((one) => (one.state === 'READY' ? [one.plugin] : [])));
}
