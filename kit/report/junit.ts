/** For build servers: a suite for each tier, a case for each rule. */
import { tiers } from '../../strategies/conformance/tiers.ts';
import type { KitReport, RuleResult } from '../results.ts';

export function renderJunit({ plugin, results }: KitReport): string {
  const suites = tiers.flatMap((tier) => {
    const own = results.filter((one) => one.tier === tier);
    return own.length === 0 ? [] : [suite(plugin, tier, own)];
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${text(plugin)}">\n${suites.join('\n')}\n</testsuites>\n`;
}

function suite(plugin: string, tier: string, results: readonly RuleResult[]): string {
  const count = (state: RuleResult['state']): number => results.filter((one) => one.state === state).length;
  const time = results.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1_000;
  const head = `  <testsuite name="${text(`${plugin}.${tier}`)}" tests="${results.length}" failures="${count('failed')}" skipped="${count('skipped')}" time="${time.toFixed(3)}">`;
  return [head, ...results.map((result) => testcase(plugin, result)), '  </testsuite>'].join('\n');
}

function testcase(plugin: string, { tier, capability, rule, state, tookMs, details }: RuleResult): string {
  const open = `    <testcase classname="${text(`${plugin}.${tier}.${capability}`)}" name="${text(rule)}" time="${(tookMs / 1_000).toFixed(3)}"`;
  const told = text(details.join('\n'));
  switch (state) {
    case 'failed': return `${open}><failure message="${text(details[0]?.split('\n')[0] ?? rule)}">${told}</failure></testcase>`;
    case 'skipped': return `${open}><skipped message="${told}"/></testcase>`;
    case 'warned': return `${open}><system-out>warning: ${told}</system-out></testcase>`;
    case 'passed': return `${open}/>`;
  }
}

/** XML has no way to write most control characters. */
const text = (value: string): string => value
  .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu, '\ufffd')
  .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;');
