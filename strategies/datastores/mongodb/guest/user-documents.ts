/** Users as the server keeps them, in `admin.system.users`: one document for each, with its roles and its verifier. */
import { createHash } from 'node:crypto';
import { Binary, type Document, type UUID } from 'bson';
import type { UserRef } from '../../../spi/control.ts';
import { adminDatabase } from '../names.ts';
import type { Verifier } from '../scram.ts';
import { type Admin, codes, durably, isCode } from './management.ts';

export interface UserDocument extends Document {
  /** `<database>.<name>` */
  _id: string;
  /** connections hold on to it: with another one they are logged out */
  userId: UUID | Binary;
  user: string;
  db: string;
  credentials: Record<string, Verifier>;
  roles: { role: string; db: string }[];
  customData?: { madeBy?: string };
}

export interface Identity { user: string; db: string }
export const identityOf = (user: UserRef, name = user.name): Identity => ({ user: name, db: user.authDatabase ?? adminDatabase });
export const idOf = ({ user, db }: Identity): string => `${db}.${user}`;

export const findUsers = (admin: Admin, filter: Document = {}): Promise<UserDocument[]> => admin.all(adminDatabase, { find: 'system.users', filter, sort: { _id: 1 } });
export const findUser = async (admin: Admin, identity: Identity): Promise<UserDocument | undefined> => (await findUsers(admin, { _id: idOf(identity) }))[0];

/**
 * Ends what a user has under way: cursors, transactions and running operations. Idle connections stay open and find
 * themselves without rights at their next word, which the server sees to by itself.
 */
export async function endOperations(admin: Admin, { user, db }: Identity): Promise<void> {
  const uid = new Binary(createHash('sha256').update(`${user}@${db}`).digest());
  await admin.run(adminDatabase, { killAllSessionsByPattern: [{ uid }] });
  const running = await admin.all<{ opid: number }>(adminDatabase, {
    aggregate: 1, cursor: {},
    pipeline: [{ $currentOp: { allUsers: true } }, { $match: { effectiveUsers: { $elemMatch: { user, db } } } }, { $project: { opid: 1 } }],
  });
  for (const { opid } of running) await admin.run(adminDatabase, { killOp: 1, op: opid });
}

/** False when there was none. */
export const dropUser = (admin: Admin, { user, db }: Identity): Promise<boolean> =>
  admin.run(db, { dropUser: user, ...durably }).then(() => true, (error: unknown) => {
    if (isCode(error, codes.userNotFound)) return false;
    throw error;
  });

/** With effect on what runs: it is ended, and what comes next is judged anew. */
export async function takeRoles(admin: Admin, found: UserDocument, isTaken: (role: UserDocument['roles'][number]) => boolean): Promise<void> {
  const roles = found.roles.filter(isTaken);
  if (roles.length > 0) await admin.run(found.db, { revokeRolesFromUser: found.user, roles, ...durably });
  await endOperations(admin, found);
}
