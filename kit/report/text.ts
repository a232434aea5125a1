/** For people: a line for each capability and tier with its time, then what failed and what could be better. */
import { tiers } from '../../strategies/conformance/tiers.ts';
import type { KitReport, RuleResult } from '../results.ts';

const mark = { passed: '✓', failed: '✗', warned: '!', skipped: '-' } as const;

export function renderText(report: KitReport): string {
  const { plugin, version, apiVersion, track, engine, results } = report;
  const rows = tiers.flatMap((tier) => [...new Set(results.filter((one) => one.tier === tier).map(({ capability }) => capability))].sort().map((capability) => {
    const own = results.filter((one) => one.tier === tier && one.capability === capability);
    return [verdictOf(own), tier, capability, countsOf(own), seconds(own.reduce((sum, { tookMs }) => sum + tookMs, 0))];
  }));
  const noted = results.filter(({ state }) => state === 'failed' || state === 'warned');
  const total = seconds(results.reduce((sum, { tookMs }) => sum + tookMs, 0));
  return [
    `${plugin} ${version} (contract ${apiVersion}) · track ${track}${engine ? ` · engine ${engine}` : ''}`, '',
    ...table([['', 'TIER', 'CAPABILITY', 'RULES', 'TIME'], ...rows]), '',
    ...noted.flatMap(({ state, tier, capability, rule, details }) => [`${mark[state]} ${tier} · ${capability} · ${rule}`, ...details.flatMap((text) => text.split('\n')).map((text) => `    ${text}`), '']),
    `${countsOf(results)} in ${total}`, '',
  ].join('\n');
}

function verdictOf(results: readonly RuleResult[]): string {
  if (results.some(({ state }) => state === 'failed')) return mark.failed;
  if (results.some(({ state }) => state === 'warned')) return mark.warned;
  return results.every(({ state }) => state === 'skipped') ? mark.skipped : mark.passed;
}

function countsOf(results: readonly RuleResult[]): string {
  const counts = (['passed', 'failed', 'warned', 'skipped'] as const).map((state) => [results.filter((one) => one.state === state).length, state] as const);
  return counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`).join(', ') || 'nothing';
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}
