/** The roles and the account that are Coffer's own: made at the first start, put right by a repair. */
import type { Document } from 'bson';
import type { GuestContext } from '../../../spi/guest.ts';
import { adminDatabase, managementName, managementRole, rootRole } from '../names.ts';
import { managementPrivileges, type Privilege, rootPrivileges } from '../roles.ts';
import { mechanism } from '../scram.ts';
import { type Admin, codes, durably, isCode } from './management.ts';

const roleExists = 51002;

/** Idempotent, and right whatever it finds. */
export async function makeAccounts(ctx: Pick<GuestContext, 'managementSecret'>, admin: Admin): Promise<void> {
  await makeRoles(admin);
  const account = { pwd: ctx.managementSecret, mechanisms: [mechanism], roles: [{ role: managementRole, db: adminDatabase }], authenticationRestrictions: [], ...durably };
  await createOr(admin, { createUser: managementName, ...account }, codes.userExists, { updateUser: managementName, ...account });
}

export async function makeRoles(admin: Admin): Promise<void> {
  await makeRole(admin, managementRole, managementPrivileges);
  await makeRole(admin, rootRole, rootPrivileges);
}

async function makeRole(admin: Admin, name: string, privileges: readonly Privilege[]): Promise<void> {
  const role = { privileges, roles: [], authenticationRestrictions: [], ...durably };
  await createOr(admin, { createRole: name, ...role }, roleExists, { updateRole: name, ...role });
}

async function createOr(admin: Admin, create: Document, existsCode: number, update: Document): Promise<void> {
  await admin.run(adminDatabase, create).catch((error: unknown) => {
    if (!isCode(error, existsCode)) throw error;
    return admin.run(adminDatabase, update);
  });
}
