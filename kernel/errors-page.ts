/** The reference page of the error catalogue: `node kernel/errors-page.ts` writes it, a check keeps it in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from './errors.ts';

const told: Record<string, string> = { failure: 'expected: the caller can act', operational: 'the environment: disk, network, an engine, a process', bug: 'ours' };

export function renderErrorsPage(): string {
  const rows = Object.entries(catalogue).map(([code, e]) => `| \`${code}\` | ${e.kind} | ${e.type === null ? '–' : `\`${e.type}\``} | ${e.summary} | ${e.remedy ?? '–'} |`);
  return [
    '# Errors', '',
    'Expected refusals are data: the result union of a mutation holds a type that implements `Error` with `code`, `message` and',
    '`remedy`. Codes are stable. A code without a GraphQL type is told as the fault of an operation, or in the `errors` of an',
    'answer (`extensions.code`). Anything unexpected is answered as `INTERNAL` with an id that stands in the log.', '',
    ...Object.entries(told).map(([kind, text]) => `- **${kind}**: ${text}`), '',
    '| Code | Kind | GraphQL type | Means | What to do |', '|---|---|---|---|---|', ...rows, '',
    '<!-- Made from kernel/errors.ts by `node kernel/errors-page.ts`. -->', '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/reference/errors.md'), renderErrorsPage());
