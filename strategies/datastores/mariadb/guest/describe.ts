/**
 * What the server tells of its variables: nearly everything, in one table. What its program does not know as an option cannot
 * stand in its file.
 * https://mariadb.com/kb/en/information-schema-system_variables-table/
 */
import type { GuestContext } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import type { Dialect } from '../../sql-family/guest/dialect.ts';
import { withManagement } from '../../sql-family/guest/management.ts';
import { askHelp, parseHelp } from '../../sql-family/guest/server-help.ts';
import { specOf } from '../../sql-family/guest/specs.ts';
import { optionOf } from '../../sql-family/option-file.ts';
import type { Row } from '../../sql-family/wire/packets.ts';

/** What tells of the build and the machine; shown among the options, and none. */
const facts = /^(version|version_.*|have_.*|hostname|server_uid|protocol_version|large_files_support|lower_case_file_system|system_time_zone|license|wsrep_patch_version|skip_external_locking|locked_in_memory)$/;
/** It still shows such a parameter, and makes nothing of any value. */
const unused = 'Unused.';
/** Names of before and of others, which mean the same as those that are there too. */
const otherNames = /^(storage_engine|tx_read_only|binlog_space_limit|max_insert_delayed_threads)$/;

export const describe = (ctx: GuestContext, dialect: Dialect): Promise<ParameterSpec[]> => withManagement(ctx, dialect, 'read', async (sql) => {
  const options = parseHelp((await askHelp(ctx, dialect, ['--no-defaults'])).stdout);
  const rows = await sql.rows("select lower(VARIABLE_NAME) as name, VARIABLE_TYPE as type, DEFAULT_VALUE as usual, NUMERIC_MIN_VALUE as min, NUMERIC_MAX_VALUE as max, ENUM_VALUE_LIST as words, READ_ONLY as readOnly, GLOBAL_VALUE as value, GLOBAL_VALUE_ORIGIN as origin, VARIABLE_COMMENT as text from information_schema.SYSTEM_VARIABLES where VARIABLE_SCOPE <> 'SESSION ONLY' order by VARIABLE_NAME");
  // A later version has it by the name that its option has everywhere.
  const isRenamed = rows.some(({ name }) => name === 'transaction_isolation');
  const isParameter = (name: string): boolean => options.has(optionOf(name)) && !facts.test(name) && !otherNames.test(name) && !(isRenamed && name === 'tx_isolation');
  return rows.filter(({ name }) => isParameter(name ?? '')).map(tell);
});

function tell(row: Row): ParameterSpec {
  const type = typeOf(row);
  const spec = specOf({
    name: row['name'] ?? '', type, min: row['min'] ?? null, max: row['max'] ?? null, allowed: type === 'ENUM' ? (row['words'] ?? '').split(',') : null,
    default: defaultOf(row), isReadOnly: row['readOnly'] === 'YES', description: row['text'] ?? '',
  });
  return spec.description === unused ? { ...spec, owned: 'It has been taken out of use: it changes nothing.' } : spec;
}

/** A text is told to be empty where a server that was given none begins with one. */
const defaultOf = ({ usual, value, origin, readOnly }: Row): string | null => (usual === '' && readOnly === 'NO' && origin === 'COMPILE-TIME' && value ? value : usual ?? null);

/** Names of character sets are told as an enumeration without its words. */
function typeOf({ type, words }: Row): ParameterSpec['type'] {
  if (type === 'BOOLEAN') return 'BOOLEAN';
  if (type === 'DOUBLE') return 'NUMBER';
  if (/INT/.test(type ?? '')) return 'INTEGER';
  return type === 'ENUM' && words ? 'ENUM' : 'STRING';
}
