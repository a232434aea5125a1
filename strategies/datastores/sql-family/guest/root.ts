/** The tenant's own administrator. */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { isImpostor, passwordProblem, rootName } from '../names.ts';
import { account, anyHost } from '../text.ts';
import type { Dialect, Sql } from './dialect.ts';
import { findAccount, listAccounts } from './grants.ts';
import { withManagement } from './management.ts';
import { endSessionsOf } from './sessions.ts';
import { dropAccount } from './users.ts';

const root = { name: rootName, host: anyHost };
const rootAccounts = async (sql: Sql, dialect: Dialect) => (await listAccounts(sql, dialect)).filter(({ name }) => name === rootName);

export async function enable(ctx: GuestContext, dialect: Dialect, password: string): Promise<{ name: string }> {
  const problem = passwordProblem(password);
  if (problem !== null) throw new GuestFault('REFUSED', `the password ${problem}`);
  await withManagement(ctx, dialect, 'op', async (sql) => {
    const isThere = (await rootAccounts(sql, dialect)).some(({ host }) => host === anyHost);
    const identified = await dialect.identifiedBy(password);
    // Locked until its rights are whole: at no time does it have more than it shall.
    await sql.run([`${isThere ? 'alter' : 'create'} user ${account(root)} ${identified} account lock`]);
    await endSessionsOf(sql, root);
    await giveRights(sql, dialect, ctx.track);
  });
  return { name: rootName };
}

const giveRights = (sql: Sql, dialect: Dialect, track: string): Promise<void> => sql.run([...dialect.rootGrants(root, track), `alter user ${account(root)} account unlock`]);

/** After what a superuser may have given or taken; nothing where it is off. */
export async function restore(sql: Sql, dialect: Dialect, track: string): Promise<void> {
  if (!(await findAccount(sql, dialect, root))) return;
  await sql.run([`alter user ${account(root)} account lock`]);
  await giveRights(sql, dialect, track);
}

/** At whatever host; and accounts in names kept for the system, which it may have made to be hidden from lists. */
export const disable = (ctx: GuestContext, dialect: Dialect): Promise<void> => withManagement(ctx, dialect, 'op', async (sql) => {
  const hidden = (await listAccounts(sql, dialect)).filter((found) => isImpostor(found, dialect.names));
  for (const found of [root, ...hidden]) await dropAccount(sql, found);
});

export const isEnabled = (ctx: GuestContext, dialect: Dialect): Promise<boolean> =>
  withManagement(ctx, dialect, 'read', async (sql) => (await rootAccounts(sql, dialect)).length > 0);
