/**
 * The page docs/conformance.md out of reports of the kit:
 *
 *     node kit/main.ts --fixture test/e2e/<engine>/fixture.ts --json <engine>.json
 *     node kit/report/markdown.ts 'on the <date>, on <machine>' *.json > docs/conformance.md
 */
import { readFileSync } from 'node:fs';
import { type Tier, tiers } from '../../strategies/conformance/tiers.ts';
import type { KitReport } from '../results.ts';

const explanation = 'rules that hold, and the time they took. A dash: the capability is absent, or nothing is owed. CONFIGURATION has `configure`\n'
  + 'in it, which every plugin has. `my-engine` is the template of `kit/template`. `kit/report/markdown.ts` says how the page is made.';

/** `circumstances` go on from "in one run". */
export function renderMarkdown(circumstances: string, reports: readonly KitReport[]): string {
  const sections = reports.toSorted((a, b) => (a.plugin < b.plugin ? -1 : 1)).flatMap((report) => [
    `## ${report.plugin} ${report.engine ?? report.track}`, '',
    '| Capability | static | engine | fault |', '|---|---|---|---|',
    ...[...new Set(report.results.map(({ capability }) => capability))].sort().map((capability) => `| ${capability} | ${tiers.map((tier) => cell(report, capability, tier)).join(' | ')} |`), '',
    ...tiers.filter((tier) => !report.results.some((one) => one.tier === tier)).map((tier) => `- not run: ${tier}`),
    ...report.results.filter(({ state }) => state === 'failed' || state === 'warned').map(({ state, rule }) => `- ${state}: ${rule}`), '',
  ]);
  return ['# Conformance', '', `What the conformance kit found in one run ${circumstances}:\n${explanation}`, '', ...sections].join('\n').replaceAll(/\n{3,}/g, '\n\n').trimEnd().concat('\n');
}

function cell({ results }: KitReport, capability: string, tier: Tier): string {
  const own = results.filter((one) => one.tier === tier && one.capability === capability && one.state !== 'skipped');
  if (own.length === 0) return '–';
  const failed = own.filter(({ state }) => state === 'failed').length;
  const seconds = own.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000;
  return `${failed > 0 ? `✗ ${failed} of ${own.length}` : `✓ ${own.length}`}${seconds >= 0.1 ? `, ${seconds.toFixed(1)} s` : ''}`;
}

if (import.meta.main) {
  const [circumstances = '', ...paths] = process.argv.slice(2);
  process.stdout.write(renderMarkdown(circumstances, paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as KitReport)));
}
