/** Names PostgreSQL accepts, and names it or Coffer keeps for itself. Pure; both halves judge by these. */

/** NAMEDATALEN - 1 of every build: longer names are cut silently by the server, so they are refused here. */
export const maxNameBytes = 63;
export const managementRole = 'coffer';
export const rootRole = 'root';
/** Where management works, and root may look around; nobody may make anything in it. */
export const maintenanceDatabase = 'postgres';

const systemDatabases = new Set(['postgres', 'template0', 'template1']);
/** `public` and `none` are words of the grammar; the others mean "whoever asks" where a role is expected. */
const systemRoles = new Set(['postgres', 'public', 'none', 'current_user', 'current_role', 'session_user', rootRole]);
/** Roles and databases of Coffer's own, and of the server's (pg_read_server_files …). */
const keptPrefix = /^(coffer|pg_)/i;

const isSystemName = (name: string, words: ReadonlySet<string>): boolean => keptPrefix.test(name) || words.has(name.toLowerCase());
export const isSystemDatabase = (name: string): boolean => isSystemName(name, systemDatabases);
export const isSystemRole = (name: string): boolean => isSystemName(name, systemRoles);

/** Null when the name can be used; else what is wrong with it. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (!name.isWellFormed()) return 'must be well-formed Unicode';
  // Control characters end up in logs, in psql's prompt and in other people's terminals.
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters';
  const sizeBytes = Buffer.byteLength(name, 'utf8');
  return sizeBytes > maxNameBytes ? `has ${sizeBytes} bytes in UTF-8; PostgreSQL takes at most ${maxNameBytes}` : null;
}

export const databaseNameProblem = (name: string): string | null =>
  nameProblem(name) ?? (isSystemDatabase(name) ? `"${name}" is kept for the system: choose a name that is not postgres, template0, template1 and does not begin with coffer or pg_` : null);
export const roleNameProblem = (name: string): string | null =>
  nameProblem(name) ?? (isSystemRole(name) ? `"${name}" is kept for the system: choose a name that is not root, postgres, public, none or a word like current_user, and does not begin with coffer or pg_` : null);
