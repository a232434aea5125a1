/**
 * Roles a tenant may have in a database, in MongoDB's own words; and the two of Coffer's own. Pure.
 * https://www.mongodb.com/docs/manual/reference/built-in-roles/
 */
import { adminDatabase } from './names.ts';

export const tenantRoles = ['read', 'readWrite', 'dbAdmin'] as const;
/** What an application needs. */
const usual = ['readWrite'];
export const rolesOf = (privileges: readonly string[]): string[] => (privileges.length === 0 ? usual : [...new Set(privileges)]);

/**
 * Why `userAdmin` is nobody's, not even in one database and not even root's: who may grant roles there may grant itself
 * userAdmin there, make a role that is only valid from some other address, and grant that to the management account,
 * which is then locked out (https://www.mongodb.com/docs/manual/reference/method/db.createRole/#authentication-restrictions).
 */
const withUserAdministration = new Set(['userAdmin', 'dbOwner', 'userAdminAnyDatabase', 'root', '__system', 'restore']);

export function roleProblem(role: string): string | null {
  if ((tenantRoles as readonly string[]).includes(role)) return null;
  if (withUserAdministration.has(role)) return `"${role}" includes the administration of users, which is done here: give ${tenantRoles.join(', ')} and make users through Coffer`;
  return `"${role}" is not a role offered here: ${tenantRoles.join(', ')}`;
}

export interface Privilege { resource: { db: string; collection: string } | { cluster: true }; actions: string[] }
/** Every database but `local` and `config`, every collection but those that begin with `system.`. */
const everywhere = { db: '', collection: '' };
const cluster = { cluster: true } as const;

/**
 * The management account has no right to anybody's data. It may give and take every right, its own included: that cannot
 * be had without.
 */
export const managementPrivileges: readonly Privilege[] = [
  // The commands for users cannot copy a password to another name, nor tell a user's open connections that they ended.
  { resource: { db: adminDatabase, collection: 'system.users' }, actions: ['find', 'insert', 'update', 'remove'] },
  { resource: everywhere, actions: ['createUser', 'dropUser', 'grantRole', 'revokeRole', 'createCollection', 'listCollections', 'dropDatabase'] },
  { resource: cluster, actions: ['listDatabases', 'serverStatus', 'replSetGetStatus', 'replSetGetConfig', 'replSetConfigure', 'rotateCertificates', 'setParameter', 'getParameter', 'getCmdLineOpts', 'inprog', 'killop', 'killAnySession'] },
];

const dataActions = [
  'find', 'insert', 'update', 'remove', 'bypassDocumentValidation', 'changeStream', 'killCursors', 'planCacheRead', 'planCacheWrite',
  'createCollection', 'dropCollection', 'renameCollectionSameDB', 'collMod', 'convertToCapped', 'compact', 'reIndex', 'validate',
  'createIndex', 'dropIndex', 'listIndexes', 'listCollections', 'collStats', 'dbStats', 'dbHash', 'indexStats', 'dropDatabase',
];
/**
 * The tenant's root: all data of all databases, and how the server fares. Nothing that ends, reconfigures or reads the
 * server, no users, no roles, no operations of others. Neither `enableProfiler`, which cannot be had without the database of
 * accounts, nor `inprog`: an operation that sets a password is shown with it, or with its verifier, for as long as it waits.
 */
export const rootPrivileges: readonly Privilege[] = [
  { resource: everywhere, actions: dataActions },
  { resource: { db: '', collection: 'system.profile' }, actions: ['find', 'dropCollection', 'collStats', 'listIndexes'] },
  { resource: cluster, actions: ['listDatabases', 'serverStatus', 'top'] },
];
