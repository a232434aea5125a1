/** What MariaDB accepts and keeps for itself. */
import type { NameRules } from '../sql-family/names.ts';
import { commonPrivileges, type PrivilegeTable } from '../sql-family/privileges.ts';

/** In GRANT … ON, where _ and % stand for anything unless they are escaped. */
export const grantPattern = (database: string): string => database.replace(/[\\_%]/g, String.raw`\$&`);
export const databaseOfPattern = (pattern: string): string => pattern.replace(/\\([\\_%])/g, '$1');
/** Whether a right on the pattern is one on the database. */
export const reaches = (pattern: string, database: string): boolean => {
  const expression = pattern.replace(/\\?[^]/gu, (one) => (one === '%' ? '.*' : one === '_' ? '.' : one.slice(-1).replace(/[.*+?^${}()|[\]\\]/, String.raw`\$&`)));
  return new RegExp(`^${expression}$`, 's').test(database);
};

export const names: NameRules = {
  title: 'MariaDB',
  maxUserChars: 80,
  hosts: { cidr: false },
  systemDatabases: ['mysql', 'sys', 'information_schema', 'performance_schema'],
  // The words are the grammar's, where an account is expected.
  systemUsers: ['mariadb.sys', 'mysql', 'public', 'none', 'current_user', 'current_role'],
  systemAccounts: ['mariadb.sys'],
  grantChars: (database) => grantPattern(database).length,
};

const early: PrivilegeTable = { ...commonPrivileges, 'DELETE HISTORY': 'Delete_history_priv' };
const late: PrivilegeTable = { ...early, 'SHOW CREATE ROUTINE': 'Show_create_routine_priv' };
export const privilegesOfTrack = (track: string): PrivilegeTable => (track === '10.11' ? early : late);
