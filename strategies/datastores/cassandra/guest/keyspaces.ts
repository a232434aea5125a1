/** Keyspaces as databases. */
import type { DatabaseSpec } from '../../../spi/control.ts';
import { type DatabaseInfo, type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { isSystemKeyspace, keyspaceNameProblem } from '../names.ts';
import { optionIssues, parseReplication, replicationClause, toOptions } from '../replication.ts';
import { keyspaceNames } from './catalogue.ts';
import { identifier } from './cql.ts';
import { ask, askEach } from './management.ts';
import { forgetWork, isOwnWork, recordWork } from './own-work.ts';
import { isRootEnabled, rootKeyspaceGrants } from './root.ts';

const mebibyte = 1_048_576;

export async function list(ctx: GuestContext): Promise<DatabaseInfo[]> {
  const sizes = new Map<string, number>();
  for (const { keyspace_name: name, mebibytes } of await ask(ctx, 'SELECT keyspace_name, mebibytes FROM system_views.disk_usage')) {
    sizes.set(String(name), (sizes.get(String(name)) ?? 0) + Number(mebibytes) * mebibyte);
  }
  const known = new Set(await keyspaceNames(ctx));
  const rows = await ask(ctx, 'SELECT keyspace_name, replication, durable_writes FROM system_schema.keyspaces');
  return rows.map((row) => ({ name: String(row['keyspace_name']), replication: Object.fromEntries(row['replication'] as [string, string][]), isDurable: row['durable_writes'] === true }))
    .filter(({ name }) => known.has(name) && !isSystemKeyspace(name)).sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, replication, isDurable }) => ({ name, characterSet: null, collation: null, sizeBytes: sizes.get(name) ?? 0, options: toOptions(replication, isDurable) }));
}

export async function create(ctx: GuestContext, database: DatabaseSpec): Promise<void> {
  judge(database.name);
  const [issue] = optionIssues(database.options ?? []);
  if (issue) throw new GuestFault('REFUSED', issue.message);
  const isOwn = await isOwnWork(ctx, 'keyspace', database.name);
  if ((await keyspaceNames(ctx)).includes(database.name)) {
    if (!isOwn) throw new GuestFault('EXISTS', `the keyspace "${database.name}" exists`);
  } else {
    await recordWork(ctx, 'keyspace', database.name);
    // The server goes on with a statement whose sender has left.
    await ask(ctx, `CREATE KEYSPACE ${isOwn ? 'IF NOT EXISTS ' : ''}${identifier(database.name)} WITH ${replicationClause(parseReplication(database.options ?? []))}`);
  }
  if (await isRootEnabled(ctx)) await askEach(ctx, rootKeyspaceGrants(database.name));
}

export async function remove(ctx: GuestContext, name: string): Promise<void> {
  judge(name);
  if (!(await keyspaceNames(ctx)).includes(name)) throw new GuestFault('MISSING', `there is no keyspace "${name}"`);
  await ask(ctx, `DROP KEYSPACE IF EXISTS ${identifier(name)}`);
  await forgetWork(ctx, 'keyspace', name);
}

function judge(name: string): void {
  const problem = keyspaceNameProblem(name);
  if (problem !== null) throw new GuestFault('REFUSED', `the keyspace's name ${problem}`);
}
