import { commonSettings, type Dialect } from '../../sql-family/guest/dialect.ts';
import { heldColumns } from '../../sql-family/privileges.ts';
import { account } from '../../sql-family/text.ts';
import { createGuest } from '../../sql-family/guest/index.ts';
import { catalogueOf } from '../catalogue/index.ts';
import { collations } from '../collations.ts';
import { manifest, portName } from '../manifest.ts';
import { names, privileges } from '../rules.ts';
import { closingStatements, everybodyQuery, identifiedBy, managementProblem, managementStatements, roleStatements, rootGrants } from './accounts.ts';
import { bootstrap } from './bootstrap.ts';
import { describe } from './describe.ts';
import { environment, program, serverArguments, usualSettings } from './server.ts';

const dialect: Dialect = {
  names, portName, program, serverArguments, usualSettings, environment, bootstrap, managementProblem, closingStatements, rootGrants,
  collations: () => collations,
  privileges: () => privileges,
  catalogue: catalogueOf,
  describe: (ctx) => describe(ctx, dialect),
  variablesQuery: "select g.VARIABLE_NAME as name, g.VARIABLE_VALUE as value, i.VARIABLE_SOURCE = 'DYNAMIC' as isSet from performance_schema.global_variables g join performance_schema.variables_info i using (VARIABLE_NAME)",
  probeMs: manifest.timeouts.probeMs,
  logFile: 'mysql.log',
  repairStatements: async (secret) => [...roleStatements, 'flush privileges', ...managementStatements(secret)],
  sessionSettings: `${commonSettings}, session max_execution_time = 0`,
  identifiedBy: async (password) => identifiedBy(password),
  // Roles are accounts that nobody can log in to.
  accountsQuery: "select User as name, Host as host from mysql.user where not (account_locked = 'Y' and authentication_string = '') order by User, Host",
  // The server leaves out whom it would have to look up by a host's name.
  everybodyQuery,
  grantee: account,
  // With partial revokes the server takes % and _ in names of databases for what they are.
  grantPattern: (database) => database,
  databaseOfPattern: (pattern) => pattern,
  // ALL would take what is held on the whole server from this one database as well, and from every later one of its name.
  heldInDatabase: (row) => heldColumns(row, privileges),
  reaches: (pattern, database) => pattern === database,
  reloadTls: 'alter instance reload tls',
  prepared: {
    query: 'xa recover convert xid',
    xid(row) {
      const [digits, globalDigits] = [(row['data'] ?? '').replace(/^0x/, ''), 2 * Number(row['gtrid_length'])];
      return `X'${digits.slice(0, globalDigits)}', X'${digits.slice(globalDigits)}', ${Number(row['formatID'])}`;
    },
  },
};

export const guest = createGuest(dialect);
