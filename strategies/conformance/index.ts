/**
 * The conformance kit: one description of what a datastore plugin owes the agent and its users, run against the real
 * engine with the engine's stock client. A plugin's test file is ten lines:
 *
 *     defineConformance({ plugin, track: '17', createHarness, client, samples, … });
 *
 * Every capability the manifest claims is put to work; for every one it does not claim it has to say why.
 */
import { describe } from 'vitest';
import { crashCases } from './cases/crash.ts';
import { declarationCases } from './cases/declaration.ts';
import { lifecycleCases } from './cases/lifecycle.ts';
import { objectCases } from './cases/objects.ts';
import { rotationCases } from './cases/rotation.ts';
import type { ConformanceFixture } from './fixture.ts';

export type { ConformanceFixture, HeldClient, Login, StockClient } from './fixture.ts';
export type { CallOptions, GuestArgs, GuestCalls, GuestHarness, GuestMethod, GuestResult, HarnessFacts, KillPoint } from './harness.ts';

export function defineConformance(fixture: ConformanceFixture): void {
  describe(`${fixture.plugin.manifest.id} ${fixture.track}`, () => {
    declarationCases(fixture);
    lifecycleCases(fixture);
    objectCases(fixture);
    rotationCases(fixture);
    crashCases(fixture);
  });
}
