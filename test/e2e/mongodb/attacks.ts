/** What a tenant tries. Every one must be refused, whoever asks: the greediest user there can be, and root. */
import type { Document } from 'mongodb';

export interface Attack { title: string; database: string; command: Document }
const attack = (title: string, database: string, command: Document): Attack => ({ title, database, command });
const admin = (title: string, command: Document): Attack => attack(title, 'admin', command);

const code = 'function () { return true; }';
const evilUser = { createUser: 'eve', pwd: 'Attack-password-9', roles: [{ role: 'root', db: 'admin' }] };

const server: Attack[] = [
  admin('stops the server', { shutdown: 1, force: true }),
  admin('reads its command line', { getCmdLineOpts: 1 }),
  admin('reads its log', { getLog: 'global' }),
  admin('reads about the host', { hostInfo: 1 }),
  admin('reads its parameters', { getParameter: '*' }),
  admin('allows JavaScript', { setParameter: 1, javascriptEnabled: true }),
  admin('opens the localhost exception', { setParameter: 1, enableLocalhostAuthBypass: true }),
  admin('changes the log', { setParameter: 1, logLevel: 5 }),
  admin('rotates the log', { logRotate: 1 }),
  admin('locks all writes', { fsync: 1, lock: true }),
  admin('opens failure points', { configureFailPoint: 'failCommand', mode: 'alwaysOn' }),
  admin('lowers the compatibility version', { setFeatureCompatibilityVersion: '5.0' }),
  admin('turns telemetry on', { setFreeMonitoring: 1, action: 'enable' }),
  admin('changes the default concerns', { setDefaultRWConcern: 1, defaultWriteConcern: { w: 0 } }),
  admin('loads certificates', { rotateCertificates: 1 }),
  admin('drops the server\'s connections', { dropConnections: 1, hostAndPort: ['127.0.0.1:1'] }),
  admin('ends operations of others', { killAllSessionsByPattern: [] }),
  admin('ends an operation by number', { killOp: 1, op: 1 }),
  admin('invalidates the cache of users', { invalidateUserCache: 1 }),
  admin('sees the operations of others', { aggregate: 1, pipeline: [{ $currentOp: { allUsers: true } }], cursor: {} }),
  admin('sees them by the command', { currentOp: 1 }),
];
const set: Attack[] = [
  admin('reads the set\'s configuration', { replSetGetConfig: 1 }),
  admin('takes a member in', { replSetReconfig: { _id: 'rs0', version: 9, members: [{ _id: 0, host: '127.0.0.1:1' }] }, force: true }),
  admin('steps down', { replSetStepDown: 60, force: true }),
  admin('freezes it', { replSetFreeze: 60 }),
  admin('resizes the oplog', { replSetResizeOplog: 1, size: 990 }),
  admin('applies operations of its own', { applyOps: [{ op: 'i', ns: 'admin.system.users', o: { _id: 'admin.eve' } }] }),
  admin('appends to the oplog', { appendOplogNote: 1, data: {} }),
  attack('reads the oplog, verifiers and all', 'local', { find: 'oplog.rs' }),
  attack('reads local', 'local', { listCollections: 1 }),
  attack('writes into local', 'local', { insert: 'x', documents: [{}] }),
  attack('drops local', 'local', { dropDatabase: 1 }),
  attack('reads config', 'config', { find: 'system.sessions' }),
  attack('writes into config', 'config', { insert: 'x', documents: [{}] }),
  attack('drops config', 'config', { dropDatabase: 1 }),
];
const accounts: Attack[] = [
  admin('makes a user', evilUser),
  attack('makes a user of its database', 'shop', { ...evilUser, roles: [] }),
  attack('makes a role', 'shop', { createRole: 'key', roles: [], privileges: [] }),
  admin('makes a role for everything', { createRole: 'key', roles: [], privileges: [{ resource: { anyResource: true }, actions: ['anyAction'] }] }),
  attack('gives itself the administration of users', 'admin', { grantRolesToUser: 'greedy', roles: [{ role: 'userAdmin', db: 'shop' }] }),
  admin('gives root everything', { grantRolesToUser: 'root', roles: ['root'] }),
  admin('gives its role everything', { grantRolesToRole: 'coffer_root', roles: ['root'] }),
  admin('rewrites its role', { grantPrivilegesToRole: 'coffer_root', privileges: [{ resource: { cluster: true }, actions: ['shutdown'] }] }),
  admin('rewrites the management role', { updateRole: 'coffer_management', privileges: [] }),
  admin('changes management\'s password', { updateUser: 'coffer', pwd: 'Attack-password-9' }),
  admin('bars management by its address', { updateUser: 'coffer', authenticationRestrictions: [{ clientSource: ['192.0.2.1'] }] }),
  admin('drops management', { dropUser: 'coffer' }),
  admin('drops all users', { dropAllUsersFromDatabase: 1 }),
  admin('reads management\'s verifier', { usersInfo: { user: 'coffer', db: 'admin' }, showCredentials: true }),
  admin('reads all users', { usersInfo: { forAllDBs: true } }),
  admin('reads all users from their collection', { find: 'system.users' }),
  admin('writes the collection of users', { update: 'system.users', updates: [{ q: {}, u: { $set: { roles: [{ role: 'root', db: 'admin' }] } }, multi: true }] }),
  admin('empties the collection of users', { delete: 'system.users', deletes: [{ q: {}, limit: 0 }] }),
  admin('drops the collection of users', { drop: 'system.users' }),
  admin('renames the collection of users', { renameCollection: 'admin.system.users', to: 'shop.users' }),
  admin('renames one over it', { renameCollection: 'shop.goods', to: 'admin.system.users', dropTarget: true }),
  admin('looks at users through a view', { create: 'peek', viewOn: 'system.users', pipeline: [] }),
  admin('looks at users through a join', { aggregate: 'any', pipeline: [{ $lookup: { from: 'system.users', as: 'u', pipeline: [] } }], cursor: {} }),
  admin('looks at users through a union', { aggregate: 'any', pipeline: [{ $unionWith: 'system.users' }], cursor: {} }),
  attack('merges users in', 'shop', { aggregate: 'goods', pipeline: [{ $merge: { into: { db: 'admin', coll: 'system.users' } } }], cursor: {} }),
  attack('puts users out', 'shop', { aggregate: 'goods', pipeline: [{ $out: { db: 'admin', coll: 'system.users' } }], cursor: {} }),
  admin('drops admin', { dropDatabase: 1 }),
  admin('merges prepared users', { _mergeAuthzCollections: 1, tempUsersCollection: 'admin.tempusers', db: '', drop: true }),
];
/** What sets a password has the verifier in it. */
const recordings: Attack[] = [
  admin('records what is done with accounts', { profile: 2 }),
  admin('has all of that logged', { profile: 0, slowms: -1, filter: 'unset' }),
];
const scripts: Attack[] = [
  attack('runs JavaScript in a query', 'shop', { find: 'goods', filter: { $where: code } }),
  attack('runs JavaScript in an expression', 'shop', { aggregate: 'goods', pipeline: [{ $project: { x: { $function: { body: code, args: [], lang: 'js' } } } }], cursor: {} }),
  attack('runs JavaScript as an accumulator', 'shop', { aggregate: 'goods', pipeline: [{ $group: { _id: 1, x: { $accumulator: { init: code, accumulate: code, accumulateArgs: [], merge: code, lang: 'js' } } } }], cursor: {} }),
  attack('runs JavaScript in map-reduce', 'shop', { mapReduce: 'goods', map: code, reduce: code, out: { inline: 1 } }),
];

export const attacks: Attack[] = [...server, ...set, ...accounts, ...recordings, ...scripts];
