/** The reference page of the settings: `node kernel/settings-page.ts` writes it, a test keeps it in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SettingDefinition, settingsTable } from './settings.ts';

export function renderSettingsPage(): string {
  const rows = (Object.values(settingsTable) as SettingDefinition[]).map(
    (row) => `| \`${row.variable}\` | ${row.defaultText} | ${row.doc}${row.secret ? ' Never logged.' : ''} |`);
  return [
    '# Settings', '',
    'Settings are environment variables, read when Coffer starts. All are checked before anything happens; an unknown',
    'variable that begins with `COFFER_` is an error, so that a typing mistake is not silently ignored. An empty variable',
    'counts as not set.', '',
    '| Variable | Default | Meaning |', '|---|---|---|', ...rows, '',
    '<!-- Made from kernel/settings.ts by `node kernel/settings-page.ts`. -->', '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/reference/settings.md'), renderSettingsPage());
