/** The tenant's own administrator: all data, no users, nothing of the server's. See `rootPrivileges`. */
import { UUID } from 'bson';
import { GuestFault, type GuestHalf } from '../../../spi/guest.ts';
import { adminDatabase, rootName, rootRole } from '../names.ts';
import { passwordProblem } from '../password.ts';
import { createVerifier, mechanism } from '../scram.ts';
import { durably, withManagement } from './management.ts';
import { dropUser, endOperations, findUser, idOf } from './user-documents.ts';

const identity = { user: rootName, db: adminDatabase };

export const root: NonNullable<GuestHalf['root']> = {
  async enable(ctx, password) {
    const problem = passwordProblem(password);
    if (problem !== null) throw new GuestFault('REFUSED', `the password ${problem}`);
    await withManagement(ctx, async (admin) => {
      // Made or made anew in one write; with the new identity, who is connected by an earlier password is out.
      const document = { user: rootName, db: adminDatabase, userId: new UUID(), credentials: { [mechanism]: await createVerifier(password) }, roles: [{ role: rootRole, db: adminDatabase }] };
      await admin.run(adminDatabase, { update: 'system.users', updates: [{ q: { _id: idOf(identity) }, u: document, upsert: true }], ...durably });
      await endOperations(admin, identity);
    });
    return { name: rootName };
  },
  disable: (ctx) => withManagement(ctx, async (admin) => {
    await dropUser(admin, identity);
    await endOperations(admin, identity);
  }),
  isEnabled: (ctx) => withManagement(ctx, async (admin) => (await findUser(admin, identity)) !== undefined),
};
