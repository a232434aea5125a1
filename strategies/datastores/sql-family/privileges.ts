/**
 * Privileges of a user in a database, in the engines' own words. Nothing, or ALL, is what an application needs: everything
 * in its database but passing it on.
 * https://dev.mysql.com/doc/refman/en/privileges-provided.html
 */
export const applicationSet = 'ALL';

/** Word → column of the table mysql.db that keeps it. What every engine of the family has. */
export const commonPrivileges: Readonly<Record<string, string>> = {
  SELECT: 'Select_priv', INSERT: 'Insert_priv', UPDATE: 'Update_priv', DELETE: 'Delete_priv', CREATE: 'Create_priv', DROP: 'Drop_priv',
  REFERENCES: 'References_priv', INDEX: 'Index_priv', ALTER: 'Alter_priv', 'CREATE TEMPORARY TABLES': 'Create_tmp_table_priv', 'LOCK TABLES': 'Lock_tables_priv',
  'CREATE VIEW': 'Create_view_priv', 'SHOW VIEW': 'Show_view_priv', 'CREATE ROUTINE': 'Create_routine_priv', 'ALTER ROUTINE': 'Alter_routine_priv',
  EXECUTE: 'Execute_priv', EVENT: 'Event_priv', TRIGGER: 'Trigger_priv',
};
export type PrivilegeTable = Readonly<Record<string, string>>;

export const canonicalPrivilege = (word: string): string => {
  const upper = word.trim().replace(/\s+/g, ' ').toUpperCase();
  return upper === 'ALL PRIVILEGES' ? applicationSet : upper;
};

export function privilegeProblem(word: string, table: PrivilegeTable): string | null {
  const canonical = canonicalPrivilege(word);
  if (canonical === applicationSet || Object.hasOwn(table, canonical)) return null;
  if (canonical === 'GRANT OPTION') return 'GRANT OPTION is not given to users: what they may pass on would be out of sight here';
  return `"${word}" is not a privilege of a database offered here: ${applicationSet}, ${Object.keys(table).join(', ')}`;
}

/** What stands behind GRANT. Words that are no privilege are left out: judge them first. */
export function grantedWords(words: readonly string[], table: PrivilegeTable): string[] {
  const canonical = words.map(canonicalPrivilege);
  if (canonical.length === 0 || canonical.includes(applicationSet)) return ['ALL PRIVILEGES'];
  return Object.keys(table).filter((word) => canonical.includes(word));
}

type GrantRow = Readonly<Record<string, string | null>>;
export const heldColumns = (row: GrantRow, table: PrivilegeTable): string[] => Object.entries(table).filter(([, column]) => row[column] === 'Y').map(([word]) => word);

/** A row of mysql.db as people say it. */
export function heldWords(row: GrantRow, table: PrivilegeTable): string[] {
  const held = heldColumns(row, table);
  return held.length === Object.keys(table).length ? [applicationSet] : held;
}
