/** A migrated store for one test: a database of its own, made from a template that is migrated once a server. */
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { silentLog } from '../../kernel/log.ts';
import { ensureInstallation, type Installation } from '../../gateway/store/installation.ts';
import { migrate } from '../../gateway/store/migrate.ts';
import { createStore, type PgStore } from '../../gateway/store/store.ts';
import type { TestPostgres } from './postgres.ts';

export const migrationsFolder = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const templates = new WeakMap<TestPostgres, Promise<string>>();

export interface TestStore { url: string; store: PgStore; installation: Installation }

/** An empty, migrated database; answers its URL. */
export async function createMigratedDatabase(server: TestPostgres): Promise<string> {
  let template = templates.get(server);
  if (!template) {
    template = (async () => {
      const url = await server.createDatabase();
      await migrate({ url, folder: migrationsFolder, log: silentLog });
      return new URL(url).pathname.slice(1);
    })();
    templates.set(server, template);
  }
  return server.createDatabase({ template: await template });
}

export async function createTestStore(server: TestPostgres, options: { maxConnections?: number } = {}): Promise<TestStore> {
  const url = await createMigratedDatabase(server);
  const store = createStore({ url, maxConnections: options.maxConnections ?? 10, log: silentLog });
  return { url, store, installation: await ensureInstallation(store) };
}

/** A bare connection, to hold a transaction open by hand or to stand for somebody else. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
