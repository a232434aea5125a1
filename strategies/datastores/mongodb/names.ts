/** Names MongoDB accepts, and names it or Coffer keeps for itself. Pure; both halves judge by these. */

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
export const maxDatabaseNameBytes = 63;
/** MongoDB sets no limit; one is needed for what shows names. */
export const maxUserNameBytes = 128;

export const managementName = 'coffer';
export const managementRole = 'coffer_management';
export const rootName = 'root';
export const rootRole = 'coffer_root';
/** Where users are kept, and where one logs in who does not say otherwise. */
export const adminDatabase = 'admin';
export const replicaSetName = 'rs0';

const systemDatabases = new Set([adminDatabase, 'local', 'config']);
/** The server tells databases apart by case but refuses two that differ in nothing else. */
export const isSystemDatabase = (name: string): boolean => systemDatabases.has(name.toLowerCase());

const systemUsers = new Set([rootName, '__system']);
export const isSystemUser = (name: string): boolean => systemUsers.has(name.toLowerCase()) || name.toLowerCase().startsWith(managementName);

function textProblem(name: string, maxBytes: number): string | null {
  if (name === '') return 'must not be empty';
  if (!name.isWellFormed()) return 'must be well-formed Unicode';
  // Control characters end up in logs, in prompts and in other people's terminals.
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters';
  const sizeBytes = Buffer.byteLength(name, 'utf8');
  return sizeBytes > maxBytes ? `has ${sizeBytes} bytes in UTF-8; at most ${maxBytes} are possible` : null;
}

/** Null when the name can be used; else what is wrong with it. */
export function databaseNameProblem(name: string): string | null {
  const forbidden = /[/\\. "$]/.exec(name)?.[0];
  return textProblem(name, maxDatabaseNameBytes)
    ?? (forbidden === undefined ? null : `must not contain ${forbidden === ' ' ? 'a space' : forbidden}: MongoDB takes none of / \\ . " $ and space in the name of a database`)
    // On its command line the shell would take it for an option, or for an address.
    ?? (/^-|:\d+$/.test(name) ? 'must not begin with - nor end in a colon and a number: mongosh would take it for something else' : null)
    ?? (isSystemDatabase(name) ? `"${name}" is kept for the system: choose a name that is not admin, config or local` : null);
}

export const userNameProblem = (name: string): string | null =>
  textProblem(name, maxUserNameBytes)
  // The driver for Node, and with it the shell, escapes the first of them alone (seen in 7.9).
  ?? (/=.*=|,.*,/s.test(name) ? 'must not contain more than one = or more than one comma: some clients cannot log in with such a name' : null)
  ?? (isSystemUser(name) ? `"${name}" is kept for the system: choose a name that is not root or __system and does not begin with ${managementName}` : null);

/** Whose login a user's is: the `admin` database's, or that of a database of the tenant's. */
export const authDatabaseProblem = (name: string | undefined): string | null => (name === undefined || name === adminDatabase ? null : databaseNameProblem(name));
