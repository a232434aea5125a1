/** What a fixture is written with; the kit itself is the command `coffer-plugin-kit`. */
export type { PluginFixture } from './fixture.ts';
export type { HarnessFacts, HeldClient, Login, StockClient } from '../strategies/conformance/index.ts';
