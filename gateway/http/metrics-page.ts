/** The reference page of the metrics: `node gateway/http/metrics-page.ts` writes it, a check keeps it in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricDefinitions } from './metric-definitions.ts';

/** What the values of labels are. */
const labelNotes = [
  '`operation_name`: as the client names its operation; `anonymous` without a name; the first hundred names seen, then `other`',
  '`outcome` of a request: `ok`, `error` (the answer has errors), `refused` (not authenticated, not valid, over a limit), `internal` (an unexpected error, masked)',
];

export function renderMetricsPage(): string {
  const rows = Object.entries(metricDefinitions).map(([name, { type, labels, help }]) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ') || '–'} | ${help} |`);
  return [
    '# Metrics', '',
    '`GET /metrics` of every gateway, in the text format of Prometheus. Bound to a loopback address it is open to everybody on the machine; bound to',
    'any other it asks for the bearer token of an operator. The usual metrics of a Node process (`process_*`, `nodejs_*`) are there too.', '',
    '| Name | Type | Labels | Meaning |', '|---|---|---|---|', ...rows, '',
    ...labelNotes.map((note) => `- ${note}`), '',
    '<!-- Made from gateway/http/metric-definitions.ts by `node gateway/http/metrics-page.ts`. -->', '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), renderMetricsPage());
