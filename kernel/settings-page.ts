/** The reference page of the settings: `node kernel/settings-page.ts` writes it, a test keeps it in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limitsTable } from './api-limits.ts';
import { type SettingDefinition, settingsTable } from './settings.ts';

export function renderSettingsPage(): string {
  const rows = (Object.values(settingsTable) as SettingDefinition[]).map(
    (row) => `| \`${row.variable}\` | ${row.defaultText} | ${row.doc}${row.secret ? ' Never logged.' : ''} |`);
  const limits = Object.entries(limitsTable).map(([name, { default: fallback, doc }]) => `| \`${name}\` | ${fallback} | ${doc} |`);
  return [
    '# Settings', '',
    'Settings are environment variables, read when Coffer starts. All are checked before anything happens; an unknown',
    'variable that begins with `COFFER_` is an error, so that a typing mistake is not silently ignored. An empty variable',
    'counts as not set.', '',
    '| Variable | Default | Meaning |', '|---|---|---|', ...rows, '',
    '## Limits of the API', '',
    '`COFFER_LIMITS` changes them; `viewer { limits }` tells what holds. They are the same over HTTP, WebSocket and SSE.', '',
    '| Limit | Default | Meaning |', '|---|---|---|', ...limits, '',
    '<!-- Made from kernel/settings.ts by `node kernel/settings-page.ts`. -->', '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/reference/settings.md'), renderSettingsPage());
