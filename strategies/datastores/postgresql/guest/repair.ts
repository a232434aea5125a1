/**
 * Management access made good with the server stopped: in single-user mode there is no authentication that could be in
 * the way. Ends with the server running and management proven, whatever an earlier call left behind.
 * https://www.postgresql.org/docs/current/app-postgres.html#APP-POSTGRES-SINGLE-USER
 */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { maintenanceDatabase, managementRole } from '../names.ts';
import { markerRole } from './group-names.ts';
import { createMarkerStatement } from './groups.ts';
import { isInitialised } from './initialise.ts';
import { withManagement } from './management.ts';
import { clearLeftovers, start, stop } from './run-state.ts';
import { scramVerifier } from './scram.ts';
import { identifier, literal } from './sql.ts';
import { runSingleUser } from './tool.ts';

const role = identifier(managementRole);

export async function repair(ctx: GuestContext): Promise<void> {
  if (!isInitialised(ctx)) throw new GuestFault('FAILED', 'there is no database cluster to repair: initialise first');
  await stop(ctx, 'orderly');
  await clearLeftovers(ctx);
  ctx.progress(0.3, 'restoring the management role');
  // template1: whoever broke the role may have dropped every other database. It cannot be dropped while it is a template.
  await runSingleUser(ctx, ctx.paths.data, 'template1', managementStatements(await scramVerifier(ctx.managementSecret)));
  await start(ctx);
  ctx.progress(0.8, 'closing what only a superuser can have opened');
  await withManagement(ctx, { purpose: 'op', database: 'template1' }, async (sql) => {
    const names = async (query: string): Promise<string[]> => (await sql.rows<{ name: string }>(query)).map((row) => row.name);
    if ((await names(`select datname as name from pg_database where datname = ${literal(maintenanceDatabase)}`)).length === 0) await sql.rows(`create database ${identifier(maintenanceDatabase)} template template0`);
    if ((await names(`select rolname as name from pg_roles where rolname = ${literal(markerRole)}`)).length === 0) await sql.rows(createMarkerStatement);
    const others = await names(`select rolname as name from pg_roles where (rolsuper or rolreplication or rolbypassrls) and rolname <> ${literal(managementRole)}`);
    await sql.atomically([
      ...others.map((name) => `alter role ${identifier(name)} nosuperuser noreplication nobypassrls`),
      ...[maintenanceDatabase, 'template1'].map((database) => `revoke all on database ${identifier(database)} from public`),
    ]);
  });
}

/** By whatever name the bootstrap superuser goes: its number is fixed. */
const managementStatements = (verifier: string): string[] => [
  `do $$ declare found name; begin
    select rolname into found from pg_catalog.pg_authid where oid = 10;
    if found <> ${literal(managementRole)} then
      if exists (select from pg_catalog.pg_authid where rolname = ${literal(managementRole)}) then execute 'alter role ${role} rename to ' || pg_catalog.quote_ident('renamed_' || pg_catalog.txid_current()); end if;
      execute 'alter role ' || pg_catalog.quote_ident(found) || ' rename to ${role}';
    end if; end $$`,
  `alter role ${role} superuser createdb createrole replication bypassrls login inherit connection limit -1 valid until 'infinity' password ${literal(verifier)}`,
  `alter role ${role} reset all`,
];
