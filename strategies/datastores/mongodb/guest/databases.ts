/**
 * A database of MongoDB's is there as soon as something is in it. What Coffer makes has one empty collection that says who
 * made it and takes no documents: so it is seen by every client, listed, and known again by the operation that made it.
 */
import { type DatabaseInfo, type GuestContext, GuestFault, type GuestHalf } from '../../../spi/guest.ts';
import { adminDatabase, databaseNameProblem, isSystemDatabase } from '../names.ts';
import { type Admin, codes, durably, isCode, unlessMade, withManagement } from './management.ts';
import { findUsers, takeRoles } from './user-documents.ts';

export const marker = 'coffer_created';
/** A rule that no document meets: the server makes an `_id` for what has none. */
const madeBy = (operationId: string) => ({ _id: { $exists: false }, madeBy: operationId });

interface Listed { name: string; sizeOnDisk: unknown }

async function listAll(admin: Admin): Promise<Listed[]> {
  const { databases } = await admin.run(adminDatabase, { listDatabases: 1 });
  return (databases as Listed[]).filter(({ name }) => !isSystemDatabase(name));
}
export const listDatabaseNames = async (admin: Admin): Promise<string[]> => (await listAll(admin)).map(({ name }) => name);

const refuse = (problem: string | null): void => {
  if (problem !== null) throw new GuestFault('REFUSED', `the database's name ${problem}`);
};

async function create(ctx: GuestContext, name: string): Promise<void> {
  await withManagement(ctx, async (admin) => {
    const names = await listDatabaseNames(admin);
    const alike = names.find((one) => one.toLowerCase() === name.toLowerCase());
    if (alike === name && (await isOurs(ctx, admin, name))) return;
    if (alike !== undefined) throw new GuestFault('EXISTS', alike === name ? `database "${name}" exists already` : `database "${alike}" differs from "${name}" in nothing but case, which MongoDB does not take`);
    await admin.run(name, { create: marker, validator: madeBy(ctx.operationId), ...durably }).catch(unlessMade(codes.namespaceExists, () => isOurs(ctx, admin, name))).catch((error: unknown) => {
      if (isCode(error, codes.namespaceExists, codes.databaseDiffersCase)) throw new GuestFault('EXISTS', `database "${name}" exists already`);
      throw error;
    });
  });
}

async function isOurs(ctx: GuestContext, admin: Admin, name: string): Promise<boolean> {
  const [found] = await admin.all<{ options: { validator?: { madeBy?: string } } }>(name, { listCollections: 1, filter: { name: marker } });
  return found?.options.validator?.madeBy === ctx.operationId;
}

/** Rights first: what is left of a database that was cut off in its middle is then nobody's, and nobody brings it back by writing to it. */
async function remove(ctx: GuestContext, name: string): Promise<void> {
  await withManagement(ctx, async (admin) => {
    const holders = await findUsers(admin, { 'roles.db': name });
    for (const user of holders) await takeRoles(admin, user, (role) => role.db === name);
    const isThere = (await listDatabaseNames(admin)).includes(name);
    if (!isThere && holders.length === 0) throw new GuestFault('MISSING', `database "${name}" does not exist`);
    if (isThere) await admin.run(name, { dropDatabase: 1, ...durably });
  });
}

const toInfo = ({ name, sizeOnDisk }: Listed): DatabaseInfo => ({ name, characterSet: null, collation: null, sizeBytes: Number(sizeOnDisk) });

export const databases: NonNullable<GuestHalf['databases']> = {
  list: (ctx) => withManagement(ctx, async (admin) => (await listAll(admin)).map(toInfo)),
  async create(ctx, { name, characterSet, collation }) {
    refuse(databaseNameProblem(name));
    if (characterSet || collation) throw new GuestFault('REFUSED', 'a database has no character set and no collation here');
    await create(ctx, name);
  },
  async delete(ctx, name) {
    refuse(databaseNameProblem(name));
    await remove(ctx, name);
  },
};
