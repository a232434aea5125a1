/**
 * The conformance kit: one description of what a datastore plugin owes the agent and its users, run against the real
 * engine with the engine's stock client. A plugin's test file is ten lines:
 *
 *     defineConformance({ plugin, track: '17', createHarness, client, samples, … });
 *
 * Every capability the manifest claims is put to work; for every one it does not claim it has to say why.
 */
import { describe } from 'vitest';
import { withStandingClaims } from '../configuration-claim.ts';
import { additionCases } from './cases/additions.ts';
import { configurationCases } from './cases/configuration.ts';
import { crashCases } from './cases/crash.ts';
import { declarationCases } from './cases/declaration.ts';
import { faultCases } from './cases/fault.ts';
import { lifecycleCases } from './cases/lifecycle.ts';
import { objectCases } from './cases/objects.ts';
import { resizeCases } from './cases/resize.ts';
import { rotationCases } from './cases/rotation.ts';
import { upgradeCases } from './cases/upgrade.ts';
import type { ConformanceFixture } from './fixture.ts';
import { type Tier, tiers } from './tiers.ts';

export type { ConfigurationSamples, ConformanceFixture, HeldClient, Login, ResizeSamples, StockClient } from './fixture.ts';
export type { CallOptions, GuestArgs, GuestCalls, GuestHarness, GuestMethod, GuestResult, HarnessFacts, HarnessOptions, KillPoint } from './harness.ts';

const groups: Readonly<Record<Tier, readonly ((fixture: ConformanceFixture) => void)[]>> = {
  static: [declarationCases],
  engine: [lifecycleCases, configurationCases, resizeCases, objectCases, rotationCases, additionCases, upgradeCases],
  fault: [crashCases, faultCases],
};

export function defineConformance(given: ConformanceFixture, wanted: readonly Tier[] = tiers): void {
  const fixture = { ...given, plugin: withStandingClaims(given.plugin) };
  describe(`${fixture.plugin.manifest.id} ${fixture.track}`, () => {
    for (const tier of tiers.filter((one) => wanted.includes(one))) {
      describe(tier, () => { for (const cases of groups[tier]) cases(fixture); });
    }
  });
}
