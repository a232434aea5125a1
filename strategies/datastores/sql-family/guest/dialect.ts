/** Where the engines of the family differ. What is shared takes one of these and knows no engine. */
import type { Finding, GuestContext, NamedBuild } from '../../../spi/guest.ts';
import type { ParameterSpec } from '../../../spi/parameters.ts';
import type { CollationTable } from '../collations.ts';
import type { NameRules } from '../names.ts';
import type { PrivilegeTable } from '../privileges.ts';
import type { Account } from '../text.ts';
import type { Row } from '../wire/packets.ts';

export interface Sql {
  rows(text: string): Promise<Row[]>;
  /** One after the other; the first that fails ends it. */
  run(statements: readonly string[]): Promise<void>;
}

export type ServerContext = Pick<GuestContext, 'instanceId' | 'track' | 'version' | 'paths' | 'tls' | 'network' | 'sizing'>;

/** Of management's own sessions: what a configuration group sets for everybody must not reach them. */
export const commonSettings = [
  "sql_mode = 'STRICT_ALL_TABLES'", 'lock_wait_timeout = 2', 'innodb_lock_wait_timeout = 2', 'foreign_key_checks = 0', 'autocommit = 1', 'completion_type = 0',
  'sql_safe_updates = 0', 'sql_big_selects = 1', 'group_concat_max_len = 1048576', 'wait_timeout = 28800', 'net_read_timeout = 30', 'net_write_timeout = 60',
  'sort_buffer_size = 262144',
].map((setting) => `session ${setting}`).join(', ');

export interface Dialect {
  names: NameRules;
  collations(track: string): CollationTable;
  privileges(track: string): PrivilegeTable;
  /** of the manifest */
  portName: string;
  probeMs: number;
  /** file in `paths.logs` */
  logFile: string;

  /** the server, below the build's prefix */
  program(ctx: Pick<GuestContext, 'paths'>): string;
  /** What Coffer owns, given where nothing inside the server can change it. Everybody on the host can read it. */
  serverArguments(ctx: ServerContext): string[];
  /** name → value for the section of the server in its file: usual settings; sizing and a group's values win over them */
  usualSettings(ctx: ServerContext): Record<string, string>;
  environment: Record<string, string>;
  /** What a group may set, and what else there is. */
  catalogue(track: string): Promise<readonly ParameterSpec[]>;
  describe(ctx: GuestContext): Promise<ParameterSpec[]>;
  /** columns name, value, and isSet: 1 where a statement has set it since the server's start */
  variablesQuery: string;

  /** Fills an empty folder with a server's data that knows the management account and nobody else. No network, no process left. */
  bootstrap(ctx: GuestContext, folder: string): Promise<void>;
  /** Management as it has to be, whatever is there: read by the server at its start, before anybody is let in. One line each. */
  repairStatements(secret: string, track: string): Promise<string[]>;
  /** What is wrong with the management account, or null. */
  managementProblem(sql: Sql, secret: string): Promise<string | null>;
  /** Drops impostors, and takes from all other accounts the rights on the whole server that only a superuser can have given. */
  closingStatements(sql: Sql): Promise<string[]>;

  /** Settings of management's own sessions. */
  sessionSettings: string;
  /** Text after the name in CREATE USER and ALTER USER; holds a hash, never the password. */
  identifiedBy(password: string): Promise<string>;
  /** columns name and host: every account that may log in */
  accountsQuery: string;
  /** columns name and host: every account and role the server goes by, its own included */
  everybodyQuery: string;
  /** An account or a role as GRANT … TO takes it. */
  grantee(subject: Account): string;
  /** A database's name as GRANT … ON takes it, unquoted, and back. */
  grantPattern(database: string): string;
  databaseOfPattern(pattern: string): string;
  /** What to revoke for a row of mysql.db to go, and nothing else with it. */
  heldInDatabase(row: Row): readonly string[];
  /** Whether a right on the pattern is one on the database. */
  reaches(pattern: string, database: string): boolean;
  /** What root is given, after it was made with its password. */
  rootGrants(root: Account, track: string): string[];
  reloadTls: string;
  /** What another build asks for; absent where a server that starts on data of an earlier build sees to it before it lets anybody in. */
  upgrade?: {
    /** beyond what is asked in the whole family */
    findings(ctx: GuestContext, sql: Sql, to: NamedBuild): Promise<Finding[]>;
    /** `GuestHalf.upgrade.run` */
    run(ctx: GuestContext, from: NamedBuild): Promise<void>;
  };
  /** distributed transactions that were prepared, and the name of one for XA ROLLBACK */
  prepared: { query: string; xid(row: Row): string };
}
