/** What MySQL accepts and keeps for itself. */
import type { NameRules } from '../sql-family/names.ts';
import { commonPrivileges } from '../sql-family/privileges.ts';

const systemAccounts = ['mysql.sys', 'mysql.session', 'mysql.infoschema'];

export const names: NameRules = {
  title: 'MySQL',
  maxUserChars: 32,
  hosts: { cidr: true },
  systemDatabases: ['mysql', 'sys', 'information_schema', 'performance_schema'],
  systemUsers: systemAccounts,
  systemAccounts,
};

export const privileges = commonPrivileges;
