import type { Dialect } from '../../sql-family/guest/dialect.ts';
import { createGuest } from '../../sql-family/guest/index.ts';
import { collationsOfTrack } from '../collations.ts';
import { manifest, portName } from '../manifest.ts';
import { databaseOfPattern, grantPattern, names, privilegesOfTrack, reaches } from '../rules.ts';
import { closingStatements, everybodyQuery, grantee, identifiedBy, managementProblem, managementStatements, rootGrants } from './accounts.ts';
import { bootstrap } from './bootstrap.ts';
import { environment, program, serverArguments, usualSettings } from './server.ts';

const dialect: Dialect = {
  names, portName, program, serverArguments, usualSettings, environment, bootstrap, managementProblem, closingStatements, rootGrants, grantPattern, databaseOfPattern, reaches, grantee, everybodyQuery,
  heldInDatabase: () => ['all privileges'],
  collations: collationsOfTrack,
  privileges: privilegesOfTrack,
  probeMs: manifest.timeouts.probeMs,
  logFile: 'mariadb.log',
  repairStatements: async (secret, track) => managementStatements(secret, track),
  sessionSettings: "session sql_mode = 'STRICT_ALL_TABLES', session lock_wait_timeout = 2, session innodb_lock_wait_timeout = 2, session foreign_key_checks = 0, session max_statement_time = 0",
  identifiedBy: async (password) => identifiedBy(password),
  accountsQuery: "select User as name, Host as host from mysql.user where is_role = 'N' and User <> '' order by User, Host",
  reloadTls: 'flush ssl',
  prepared: { query: "xa recover format = 'SQL'", xid: (row) => row['data'] ?? '' },
};

export const guest = createGuest(dialect);
