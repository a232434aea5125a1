import type { Document } from 'bson';
import { UUID } from 'bson';
import type { GrantSpec, UserRef, UserSpec } from '../../../spi/control.ts';
import { type GuestContext, GuestFault, type GuestHalf, type UserInfo } from '../../../spi/guest.ts';
import { adminDatabase, authDatabaseProblem, databaseNameProblem, isSystemUser, userNameProblem } from '../names.ts';
import { passwordProblem } from '../password.ts';
import { roleProblem, rolesOf } from '../roles.ts';
import { createVerifier, mechanism } from '../scram.ts';
import { listDatabaseNames } from './databases.ts';
import { type Admin, codes, durably, unlessMade, withManagement } from './management.ts';
import { dropUser, endOperations, findUser, findUsers, type Identity, identityOf, idOf, takeRoles, type UserDocument } from './user-documents.ts';

const refuse = (what: string, problem: string | null): void => {
  if (problem !== null) throw new GuestFault('REFUSED', `${what} ${problem}`);
};
function judgeUser(user: UserRef): void {
  refuse('the user\'s name', userNameProblem(user.name));
  refuse('the user\'s database', authDatabaseProblem(user.authDatabase));
}
const judgePassword = (password: string | undefined): void => { if (password !== undefined) refuse('the password', passwordProblem(password)); };
const missing = (name: string): GuestFault => new GuestFault('MISSING', `user "${name}" does not exist`);
const exists = (name: string): GuestFault => new GuestFault('EXISTS', `user "${name}" exists already`);

export const users: NonNullable<GuestHalf['users']> = {
  list: (ctx) => withManagement(ctx, async (admin) => (await findUsers(admin)).filter(({ user, db }) => db !== adminDatabase || !isSystemUser(user)).map(toInfo)),
  async create(ctx, spec: UserSpec) {
    judgeUser(spec);
    judgePassword(spec.password);
    await withManagement(ctx, async (admin) => {
      const identity = identityOf(spec);
      const wanted = await rolesToGive(admin, spec.grants);
      if (await isMade(ctx, admin, identity)) return give(admin, identity, wanted);
      const user = { createUser: spec.name, pwd: spec.password, mechanisms: [mechanism], roles: wanted, customData: { madeBy: ctx.operationId }, ...durably };
      await admin.run(identity.db, user).catch(unlessMade(codes.userExists, () => isMade(ctx, admin, identity)));
    });
  },
  async update(ctx, user, change) {
    judgeUser(user);
    if (change.name !== undefined) judgeUser({ ...user, name: change.name });
    if (change.host) throw new GuestFault('REFUSED', 'users have no host here');
    judgePassword(change.password);
    await withManagement(ctx, async (admin) => {
      const [before, after] = [identityOf(user), identityOf(user, change.name)];
      const changes: Document = { userId: new UUID(), 'customData.madeBy': ctx.operationId, ...(change.password === undefined ? {} : { [`credentials.${mechanism}`]: await createVerifier(change.password) }) };
      if (before.user !== after.user) await copyUser(ctx, admin, before, after);
      // A new identity beside the new verifier, in one write: who is connected by the old password is out with it.
      const { n } = await admin.run(adminDatabase, { update: 'system.users', updates: [{ q: { _id: idOf(after) }, u: { $set: changes } }], ...durably });
      if (n !== 1) throw missing(user.name);
      if (before.user !== after.user) await dropUser(admin, before);
      await endOperations(admin, before);
    });
  },
  async delete(ctx, user) {
    judgeUser(user);
    await withManagement(ctx, async (admin) => {
      const identity = identityOf(user);
      const isGone = await dropUser(admin, identity);
      // Also for one that an earlier call dropped.
      await endOperations(admin, identity);
      if (!isGone) throw missing(user.name);
    });
  },
};

/** False where there is none of the name; one that is not of this operation is somebody else's. */
async function isMade(ctx: GuestContext, admin: Admin, identity: Identity): Promise<boolean> {
  const found = await findUser(admin, identity);
  if (found && found.customData?.madeBy !== ctx.operationId) throw exists(identity.user);
  return found !== undefined;
}

/** There is no rename: the new one is made, then the old one goes. A verifier holds no name, so it serves under the new one. */
async function copyUser(ctx: GuestContext, admin: Admin, before: Identity, after: Identity): Promise<void> {
  // An earlier call of this operation was cut off behind this point.
  if (await isMade(ctx, admin, after)) return;
  const found = await findUser(admin, before);
  if (!found) throw missing(before.user);
  const copy: UserDocument = { ...found, _id: idOf(after), user: after.user, userId: new UUID(), customData: { madeBy: ctx.operationId } };
  await admin.run(adminDatabase, { insert: 'system.users', documents: [copy], ...durably }).catch(unlessMade(codes.duplicateKey, () => isMade(ctx, admin, after)));
}

export const grants: NonNullable<GuestHalf['grants']> = {
  async grant(ctx, user, given) {
    judgeUser(user);
    await withManagement(ctx, async (admin) => give(admin, await needUser(admin, user), await rolesToGive(admin, given)));
  },
  async revoke(ctx, user, databases) {
    judgeUser(user);
    await withManagement(ctx, async (admin) => {
      const found = await needUser(admin, user);
      await takeRoles(admin, found, (role) => databases.includes(role.db));
    });
  },
};

async function needUser(admin: Admin, user: UserRef): Promise<UserDocument> {
  const found = await findUser(admin, identityOf(user));
  if (!found) throw missing(user.name);
  return found;
}

async function give(admin: Admin, { user, db }: Identity, roles: UserDocument['roles']): Promise<void> {
  if (roles.length > 0) await admin.run(db, { grantRolesToUser: user, roles, ...durably });
}

async function rolesToGive(admin: Admin, given: readonly GrantSpec[]): Promise<UserDocument['roles']> {
  const known = given.length === 0 ? [] : await listDatabaseNames(admin);
  return given.flatMap(({ database, privileges }) => {
    if (database === null) throw new GuestFault('REFUSED', 'a grant must name a database');
    refuse('the database\'s name', databaseNameProblem(database));
    for (const role of privileges) refuse('a grant:', roleProblem(role));
    if (!known.includes(database)) throw new GuestFault('MISSING', `database "${database}" does not exist`);
    return rolesOf(privileges).map((role) => ({ role, db: database }));
  });
}

function toInfo({ user, db, roles }: UserDocument): UserInfo {
  const byDatabase = Map.groupBy(roles, (role) => role.db);
  return { name: user, authDatabase: db, grants: [...byDatabase].map(([database, held]) => ({ database, privileges: held.map(({ role }) => role).toSorted() })).toSorted((a, b) => (a.database < b.database ? -1 : 1)) };
}
