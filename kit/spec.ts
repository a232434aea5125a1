/** The one test file of the kit: the cases of strategies/conformance for the plugin that the command names. */
import { defineConformance } from '../strategies/conformance/index.ts';
import type { DatastorePlugin } from '../strategies/spi/datastore.ts';
import { taskVariable, type CasesTask } from './cases/task.ts';
import type { PluginFixture } from './fixture.ts';
import { createProcessHarness } from './harness/process-harness.ts';

const { fixture: location, track, build, nextBuilds, tiers, isolated, firstPort } = JSON.parse(process.env[taskVariable] ?? '') as CasesTask;
const { module, ...fixture } = ((await import(/* @vite-ignore */ location)) as { default: PluginFixture }).default;
const plugin: DatastorePlugin = fixture.plugin;
const ports = Object.fromEntries(plugin.manifest.ports.map(({ name }, index) => [name, firstPort + index]));

defineConformance({
  ...fixture, track,
  createHarness: (options) => createProcessHarness({ plugin, pluginUrl: module, track, build, nextBuilds, flavor: fixture.flavor, volumeGb: fixture.volumeGb, ports, isolated, ...options }),
}, tiers);
