/** What the kit found, whichever part of it: the one form that is printed, written as JSON and as JUnit. */
import type { Tier } from '../strategies/conformance/tiers.ts';

export interface RuleResult {
  tier: Tier;
  /** of the contract; API for what the plugin adds to it; CONTRACT and LIFE CYCLE for what every plugin owes */
  capability: string;
  /** the rule as a fact */
  rule: string;
  state: 'passed' | 'failed' | 'warned' | 'skipped';
  tookMs: number;
  /** what was found, or why it was not looked at */
  details: string[];
}

export interface KitReport {
  plugin: string;
  version: string;
  apiVersion: string;
  track: string;
  /** of the engine, once it is known */
  engine: string | null;
  results: RuleResult[];
}

export const hasFailed = ({ results }: KitReport): boolean => results.some(({ state }) => state === 'failed');

const byGroup: Readonly<Record<string, string>> = {
  databases: 'DATABASES', users: 'USERS', names: 'USERS', grants: 'GRANTS', root: 'ROOT', 'certificate rotation': 'TLS', configuration: 'CONFIGURATION', resize: 'RESIZE', upgrade: 'UPGRADE', 'life cycle': 'LIFE CYCLE', objects: 'USERS',
  'additions to the API': 'API',
};
const byMethod: Readonly<Record<string, string>> = { databases: 'DATABASES', users: 'USERS', grants: 'GRANTS', root: 'ROOT', tls: 'TLS', graphql: 'API', configuration: 'CONFIGURATION', configure: 'CONFIGURATION', resize: 'RESIZE', upgrade: 'UPGRADE' };

/** Of a case: the method in its name says it, else the innermost group that is one. */
export function capabilityOf(groups: readonly string[], title: string): string {
  const method = /\(([a-z]+)(\.[A-Za-z0-9]+)*\)/.exec(title)?.[1];
  if (method) return byMethod[method] ?? 'LIFE CYCLE';
  return groups.toReversed().map((group) => byGroup[group]).find((found) => found !== undefined) ?? 'LIFE CYCLE';
}
