import type { ConformanceFixture } from '../strategies/conformance/index.ts';

/**
 * What a plugin's package brings to be put through the kit: the default export of its `fixture.js`. Folders, ports,
 * certificates, binaries and a process for the guest half are the kit's to make.
 */
export interface PluginFixture extends Omit<ConformanceFixture, 'createHarness' | 'track'> {
  /** `file:` URL of the module that exports the plugin as its default */
  module: string;
  /** the track that runs; the manifest's default when left out */
  track?: string;
}
