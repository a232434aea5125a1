/**
 * Until 1.3 CONFIGURATION was the claim of whoever has `configure`, which everybody has; since then it stands for configuration groups,
 * which have a catalogue in the control half. Whether a plugin was written for the one or the other is told by what it has, and
 * by the oldest contract that it says it works with.
 */
import type { DatastorePlugin } from './spi/datastore.ts';
import type { Manifest } from './spi/manifest.ts';

const firstMinorWithGroups = 3;
const whyDropped = 'the plugin was written for a contract that had no configuration groups';

export type ConfigurationClaim = { kind: 'stands' } | { kind: 'dropped'; manifest: Manifest } | { kind: 'false'; problem: string };

/** The manifest has been judged already. */
export function judgeConfigurationClaim(manifest: Manifest, hasCatalogue: boolean): ConfigurationClaim {
  if (!manifest.capabilities.includes('CONFIGURATION') || hasCatalogue) return { kind: 'stands' };
  if (oldestMinor(manifest.apiVersion) >= firstMinorWithGroups) {
    return { kind: 'false', problem: `manifest.capabilities claims CONFIGURATION, and control has no parameters: since contract 1.${firstMinorWithGroups} it stands for configuration groups` };
  }
  const capabilities = manifest.capabilities.filter((one) => one !== 'CONFIGURATION');
  return { kind: 'dropped', manifest: { ...manifest, capabilities, absent: { ...manifest.absent, CONFIGURATION: whyDropped } } };
}

/** As an installation has it: what an earlier contract had a plugin claim is no longer its claim. */
export function withStandingClaims(plugin: DatastorePlugin): DatastorePlugin {
  const claim = judgeConfigurationClaim(plugin.manifest, plugin.control.parameters !== undefined);
  return claim.kind === 'dropped' ? { ...plugin, manifest: claim.manifest } : plugin;
}

/** Of the contract, among those that a plugin says it works with. */
export const oldestMinor = (range: string): number => Number(/^\^?\d+\.(\d+)/.exec(range)?.[1] ?? 0);
