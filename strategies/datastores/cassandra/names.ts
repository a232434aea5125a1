/** Names Cassandra accepts, and names it or Coffer keeps for itself. Pure; both halves judge by these. */

export const managementRole = 'coffer';
export const rootRole = 'root';
/** The superuser every other installation is born with. Here it never comes to be, and nobody may take its name. */
export const wellKnownRole = 'cassandra';

/** A keyspace is a directory, so the server takes letters of ASCII, digits and underscores only (SchemaConstants.NAME_LENGTH). */
export const maxKeyspaceLength = 48;
const keyspaceForm = /^[A-Za-z0-9_]+$/;
/** Of the server itself: `system`, `system_auth`, `system_views` and whatever a later version adds; and what begins like Coffer's own. */
const systemKeyspace = /^(system$|system_|coffer)/i;
export const isSystemKeyspace = (name: string): boolean => systemKeyspace.test(name);

/** The server has no limit of its own below that of a key; one that fits a line is plenty. */
export const maxRoleBytes = 128;
/** Not given to anybody. Root can make such roles all the same, and they are seen and deleted like others. */
const keptRole = new RegExp(`^(${managementRole}.*|${rootRole}|${wellKnownRole})$`, 'i');
/** Hidden from lists and refused as a target. */
export const isSystemRole = (name: string): boolean => name === managementRole || name === rootRole;

export function keyspaceNameProblem(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (name.length > maxKeyspaceLength) return `has ${name.length} characters; Cassandra takes at most ${maxKeyspaceLength}`;
  if (!keyspaceForm.test(name)) return 'must be letters a to z, digits and underscores: Cassandra names a directory after it';
  return isSystemKeyspace(name) ? `"${name}" is kept for the system: choose a name that is not system and does not begin with system_ or coffer` : null;
}

/** Of a user that is to be made. */
export const roleNameProblem = (name: string): string | null =>
  (keptRole.test(name) ? `"${name}" is kept for the system: choose a name that is not root or cassandra and does not begin with coffer` : roleReferenceProblem(name));

/** Of a user that may be there, whoever made it. */
export function roleReferenceProblem(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (!name.isWellFormed()) return 'must be well-formed Unicode';
  // They end up in logs and in other people's terminals; a zero byte ends the name in the login itself.
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters';
  // 5.0 puts the name as it is into statements of its own when a role is made or dropped (CIDRPermissionsManager).
  if (name.includes('\'')) return 'must not contain a single quote, which Cassandra does not survive in the name of a role';
  const sizeBytes = Buffer.byteLength(name, 'utf8');
  if (sizeBytes > maxRoleBytes) return `has ${sizeBytes} bytes in UTF-8; at most ${maxRoleBytes} are taken`;
  return isSystemRole(name) ? `"${name}" is kept for the system` : null;
}
