/** Who may do what, read from and written to the engine. */
import type { GrantSpec } from '../../../spi/control.ts';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { isSystemKeyspace, keyspaceNameProblem } from '../names.ts';
import { parsePrivileges, privilegeProblem } from '../privileges.ts';
import { identifier, literal, parseDataResource, resourceClause } from './cql.ts';
import { ask } from './management.ts';

export interface Permission { role: string; resource: string; words: string[] }

export async function permissionsOf(ctx: GuestContext, role: string): Promise<Permission[]> {
  return (await ask(ctx, 'SELECT role, resource, permissions FROM system_auth.role_permissions WHERE role = ?', [role])).map(toPermission);
}
export async function allPermissions(ctx: GuestContext): Promise<Permission[]> {
  return (await ask(ctx, 'SELECT role, resource, permissions FROM system_auth.role_permissions')).map(toPermission);
}
const toPermission = (row: Record<string, unknown>): Permission => ({ role: String(row['role']), resource: String(row['resource']), words: (row['permissions'] as string[] | null) ?? [] });

/** Grants as people made them: what a maker gets on its own tables is not one. */
export function shownGrants(permissions: readonly Permission[]): GrantSpec[] {
  return permissions.flatMap(({ resource, words }) => {
    const found = parseDataResource(resource);
    return found && found.table === null && !isSystemKeyspace(found.keyspace) ? [{ database: found.keyspace, privileges: [...words].sort() }] : [];
  });
}

export function grantStatements(role: string, grants: readonly GrantSpec[], keyspaces: readonly string[]): string[] {
  return grants.map(({ database, privileges }) => {
    const keyspace = judgeKeyspace(database);
    const problem = privileges.map(privilegeProblem).find((text) => text !== null);
    if (problem) throw new GuestFault('REFUSED', problem);
    if (!keyspaces.includes(keyspace)) throw new GuestFault('MISSING', `there is no keyspace "${keyspace}"`);
    return `GRANT ${parsePrivileges(privileges).join(', ')} ON KEYSPACE ${identifier(keyspace)} TO ${literal(role)}`;
  });
}

/** Everything the role has in a keyspace, on single tables too: who makes a table is given all rights to it. */
export function revokeStatements(role: string, permissions: readonly Permission[], keyspace: string): string[] {
  return permissions.flatMap(({ resource }) => {
    const found = parseDataResource(resource);
    return found?.keyspace === keyspace ? [`REVOKE ALL PERMISSIONS ON ${resourceClause(found)} FROM ${literal(role)}`] : [];
  });
}

export function judgeKeyspace(name: string | null): string {
  if (name === null) throw new GuestFault('REFUSED', 'a grant must name a keyspace');
  const problem = keyspaceNameProblem(name);
  if (problem !== null) throw new GuestFault('REFUSED', `the keyspace's name ${problem}`);
  return name;
}
