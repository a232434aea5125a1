import { commonSettings, type Dialect } from '../../sql-family/guest/dialect.ts';
import { createGuest } from '../../sql-family/guest/index.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { collationsOfTrack } from '../collations.ts';
import { manifest, portName } from '../manifest.ts';
import { databaseOfPattern, grantPattern, names, privilegesOfTrack, reaches } from '../rules.ts';
import { closingStatements, everybodyQuery, grantee, identifiedBy, managementProblem, managementStatements, rootGrants } from './accounts.ts';
import { bootstrap } from './bootstrap.ts';
import { describe } from './describe.ts';
import { environment, program, serverArguments, usualSettings } from './server.ts';
import { findings } from './upgrade/check.ts';
import { run } from './upgrade/run.ts';

const dialect: Dialect = {
  names, portName, program, serverArguments, usualSettings, environment, bootstrap, managementProblem, closingStatements, rootGrants, grantPattern, databaseOfPattern, reaches, grantee, everybodyQuery,
  heldInDatabase: () => ['all privileges'],
  collations: collationsOfTrack,
  privileges: privilegesOfTrack,
  catalogue: catalogueOf,
  describe: (ctx) => describe(ctx, dialect),
  variablesQuery: "select VARIABLE_NAME as name, GLOBAL_VALUE as value, GLOBAL_VALUE_ORIGIN = 'SQL' as isSet from information_schema.SYSTEM_VARIABLES where VARIABLE_SCOPE <> 'SESSION ONLY'",
  probeMs: manifest.timeouts.probeMs,
  logFile: 'mariadb.log',
  repairStatements: async (secret, track) => managementStatements(secret, track),
  // Its largest numbers are no limit; the last is one of later tracks.
  sessionSettings: `${commonSettings}, session max_statement_time = 0, session max_session_mem_used = 9223372036854775807, session tmp_disk_table_size = 18446744073709551615 /*M!110500 , session max_tmp_session_space_usage = 0 */`,
  identifiedBy: async (password) => identifiedBy(password),
  accountsQuery: "select User as name, Host as host from mysql.user where is_role = 'N' and User <> '' order by User, Host",
  reloadTls: 'flush ssl',
  upgrade: { findings, run: (ctx, from) => run(ctx, dialect, from) },
  prepared: { query: "xa recover format = 'SQL'", xid: (row) => row['data'] ?? '' },
};

export const guest = createGuest(dialect);
