/** postgresql.conf as the server reads it: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renderServerConfig } from '../../../strategies/datastores/postgresql/guest/files.ts';
import { nastyText } from '../../support/nasty-texts.ts';

const line = /^\s*([A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?)(?:\s*=\s*|\s+)'((?:[^'\\\n]|\\.|'')*)'\s*(?:#.*)?$/u;
const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{1,3})|\\(.)|''/gs, (all, octal: string | undefined, one: string | undefined) => (octal === undefined ? one === undefined ? "'" : escapes[one] ?? one : all && String.fromCharCode(Number.parseInt(octal, 8))));

/** Line ends are \n alone; names are without regard to case, and what comes later wins. */
function read(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const one of text.split('\n')) {
    if (/^\s*(#.*)?$/su.test(one)) continue;
    const [, name, words] = line.exec(one) ?? [];
    if (name === undefined || words === undefined) throw new Error(`the server would not read the line ${JSON.stringify(one)}`);
    found.set(name.toLowerCase(), unescape(words));
  }
  return found;
}

it.each([[String.raw`a = 'it''s \'q\' \\ \101\n'  # said`, `it's 'q' \\ A\n`], ["A.b 'x'", 'x'], ["a=''", '']])('%s is read', (text, value) => expect([...read(text).values()]).toEqual([value]));

it('is read as it was given, and one value changes no other line', () => {
  const names = fc.constantFrom('work_mem', 'log_line_prefix', 'search_path', 'pg_stat_statements.track', 'cluster_name');
  const [sizing, bare] = [{ work_mem: '4096' }, read(renderServerConfig({ work_mem: '4096' }))];
  fc.assert(fc.property(fc.dictionary(names, nastyText), (group) => {
    const found = read(renderServerConfig(sizing, { ...group }));
    expect([...found].sort()).toEqual([...new Map([...bare, ...Object.entries(group)])].sort());
  }), { numRuns: 500 });
});
