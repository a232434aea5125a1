/** Before tests that need many PostgreSQL servers: initdb and the store's migrations are done once, and each server begins as a copy. */
import { silentLog } from '../../kernel/log.ts';
import { migrate } from '../../gateway/store/migrate.ts';
import { MIGRATED, MODEL, startTestPostgres } from './postgres.ts';
import { migrationsFolder } from './store.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const server = await startTestPostgres();
  await migrate({ url: await server.createDatabase({ name: MIGRATED }), folder: migrationsFolder, log: silentLog });
  await server.halt();
  process.env[MODEL] = server.folder;
  return server.stop;
}
