/** Whether the store still is what this release was started on: somebody may have restored, replaced or upgraded it since. */
import { readMigrations } from './migrate.ts';
import { schemaLevel } from './schema-level.ts';
import type { Store } from './tx.ts';

const LOOK = `select array(select name from unnest($1::text[]) name where not exists (
    select 1 from _prisma_migrations m where m.migration_name = name and m.finished_at is not null and m.rolled_back_at is null)) as missing,
  (select schema_level from installation where id = 1) as needed`;

/** Answers what is wrong, or null. One short statement. */
export async function createMigrationCheck(store: Pick<Store, 'query'>, folder: string, level: number = schemaLevel.current): Promise<() => Promise<string | null>> {
  const names = (await readMigrations(folder)).map((migration) => migration.name);
  return async () => {
    const [row] = await store.query<{ missing: string[]; needed: number | null }>(LOOK, [names]);
    const { missing, needed } = row!;
    if (missing.length > 0) return `the store lacks ${missing.length} of this release's migrations (${missing[0]} …): start the gateway again, which applies them`;
    if (needed === null) return 'the store does not know its installation: it is not the one this gateway was started on';
    return needed > level ? `a newer release changed the store (it needs schema level ${needed}, this release has ${level}): start that release` : null;
  };
}
