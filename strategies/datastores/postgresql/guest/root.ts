/**
 * The tenant's own administrator: joins the owner of every database and every user, may make databases, and from 16 on
 * roles. On 15 the right to create roles would include granting the server's own (pg_execute_server_program), so root has
 * it not. Never a superuser; the predefined roles it gets reach sessions only.
 */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { maintenanceDatabase, rootRole } from '../names.ts';
import { passwordProblem } from '../password.ts';
import { findRoot, listDatabases, listUsers } from './catalog.ts';
import { madeBy } from './databases.ts';
import { adopt, joinOwner, membership } from './groups.ts';
import { type Sql, withManagement } from './management.ts';
import { majorOf } from './owned.ts';
import { dropRole, endSessions } from './roles.ts';
import { scramVerifier } from './scram.ts';
import { identifier, literal } from './sql.ts';

const root = identifier(rootRole);

export async function enable(ctx: GuestContext, password: string): Promise<{ name: string }> {
  const problem = passwordProblem(password);
  if (problem !== null) throw new GuestFault('REFUSED', `the password ${problem}`);
  await withManagement(ctx, { purpose: 'op' }, async (sql) => {
    const existing = await findRoot(sql);
    const createRole = majorOf(ctx.track) >= 16 ? 'createrole' : 'nocreaterole';
    await sql.atomically([
      `${existing ? 'alter' : 'create'} role ${root} login nosuperuser createdb ${createRole} noreplication nobypassrls inherit password ${literal(await scramVerifier(password))}`,
      `comment on role ${root} is ${literal(madeBy(ctx.operationId))}`,
      `grant connect on database ${identifier(maintenanceDatabase)} to ${root}`,
      `grant pg_signal_backend to ${root}${membership(ctx.track, { inherit: true, set: false })}`,
      ...(await userStatements(ctx, sql)),
    ]);
    for (const database of await listDatabases(sql)) {
      const { name, owner } = await adopt(ctx, sql, database);
      await sql.atomically(joinOwner(ctx.track, { user: rootRole, database: name, group: owner }));
    }
    if (existing) await endSessions(sql, existing.oid);
  });
  return { name: rootRole };
}

const userStatements = async (ctx: GuestContext, sql: Sql): Promise<string[]> =>
  (await listUsers(sql)).map(({ name }) => `grant ${identifier(name)} to ${root}${membership(ctx.track, { inherit: true, set: true })}`);

/** Root goes as a role: what it made stays with the databases it was made in. */
export const disable = (ctx: GuestContext): Promise<void> => withManagement(ctx, { purpose: 'op' }, (sql) => dropRole(ctx, sql, rootRole));

export const isEnabled = (ctx: GuestContext): Promise<boolean> =>
  withManagement(ctx, { purpose: 'read' }, async (sql) => (await findRoot(sql))?.canLogIn === true);
