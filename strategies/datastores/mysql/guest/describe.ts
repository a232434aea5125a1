/**
 * What the server tells of its variables. Types, bounds and texts are in a table of it; defaults in its program's account of
 * its options; which it takes while it runs it says in refusing a statement that changes nothing; and what an enumeration
 * chooses from in answering numbers with words.
 * https://dev.mysql.com/doc/refman/en/performance-schema-variables-metadata-table.html
 */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import type { Dialect, Sql } from '../../sql-family/guest/dialect.ts';
import { withManagement } from '../../sql-family/guest/management.ts';
import { askHelp, parseHelp } from '../../sql-family/guest/server-help.ts';
import { specOf } from '../../sql-family/guest/specs.ts';
import { optionOf } from '../../sql-family/option-file.ts';
import { identifier } from '../../sql-family/text.ts';
import { SqlError } from '../../sql-family/wire/packets.ts';

const types: Readonly<Record<string, ParameterSpec['type']>> = { Boolean: 'BOOLEAN', Integer: 'INTEGER', Numeric: 'NUMBER', Enumeration: 'ENUM' };
/** Parts of the server tell their enumerations as texts. */
const mayBeEnumeration = /^(innodb|myisam)_/;
/** Names of before, and what tells of the build. */
const others = /^This option is deprecated\. Use /;
/** ER_INCORRECT_GLOBAL_LOCAL_VAR: read only, or not of the whole server */
const notSettable = 1238;
/** A variable that is always read only: with it no statement takes effect. */
const brake = 'version';
const mostWords = 64;
const atOnce = 4;

export const describe = (ctx: GuestContext, dialect: Dialect): Promise<ParameterSpec[]> => withManagement(ctx, dialect, 'read', async (sql) => {
  const defaults = parseHelp((await askHelp(ctx, dialect, ['--no-defaults'])).stdout);
  const rows = await sql.rows("select VARIABLE_NAME as name, DATA_TYPE as type, MIN_VALUE as min, MAX_VALUE as max, DOCUMENTATION as text from performance_schema.variables_metadata where VARIABLE_SCOPE <> 'SESSION_ONLY' order by VARIABLE_NAME");
  const known = rows.map((row) => ({ name: row['name'] ?? '', type: types[row['type'] ?? ''] ?? 'STRING', min: row['min'] ?? null, max: row['max'] ?? null, default: defaults.get(optionOf(row['name'] ?? '')), description: row['text'] ?? '' }))
    // What its program does not know as an option cannot stand in its file.
    .filter((one): one is typeof one & { default: string } => one.default !== undefined && !others.test(one.description));
  const words = await wordsOfAll(ctx, dialect, known.filter(({ name, type }) => type === 'ENUM' || (type === 'STRING' && mayBeEnumeration.test(name))).map(({ name }) => name));
  const specs: ParameterSpec[] = [];
  for (const one of known) {
    const allowed = words.get(one.name) ?? null;
    specs.push(specOf({ ...one, type: allowed ? 'ENUM' : one.type, allowed, isReadOnly: await isReadOnly(sql, one.name) }));
  }
  return specs;
});

async function isReadOnly(sql: Sql, name: string): Promise<boolean> {
  const refused = await sql.run([`set global ${identifier(name)} = default, global ${identifier(brake)} = default`]).then(() => null, (error: unknown) => error);
  if (!(refused instanceof SqlError) || refused.number !== notSettable) throw refused instanceof Error ? refused : new Error(`the server took a value for ${brake}`);
  return !refused.message.includes(`'${brake}'`);
}

/** Of those that are enumerations. */
async function wordsOfAll(ctx: GuestContext, dialect: Dialect, names: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const left = [...names];
  const work = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const words = await wordsOf(ctx, dialect, name);
      if (words.length > 0) found.set(name, words);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

/** In their order; none: it is no enumeration. A number may also stand for a list of words. */
async function wordsOf(ctx: GuestContext, dialect: Dialect, name: string): Promise<string[]> {
  const words: string[] = [];
  while (words.length < mostWords) {
    const { exitCode, stdout, stderr } = await askHelp(ctx, dialect, ['--no-defaults', `--${optionOf(name)}=${words.length}`]);
    const word = parseHelp(stdout).get(optionOf(name));
    if (exitCode !== 0 || /\[ERROR\]/.test(stderr) || word === undefined || word === String(words.length)) return words;
    if (word.includes(',')) return [];
    words.push(word);
  }
  return [];
}
