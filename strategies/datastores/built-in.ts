/** The datastores that come with Coffer. Loaded when they are asked for: an agent loads one of them. */
import type { DatastorePlugin } from '../spi/datastore.ts';

export const builtIn: Readonly<Record<string, () => Promise<{ default: DatastorePlugin }>>> = {
  mariadb: () => import('./mariadb/index.ts'),
  mongodb: () => import('./mongodb/index.ts'),
  mysql: () => import('./mysql/index.ts'),
  postgresql: () => import('./postgresql/index.ts'),
  redis: () => import('./redis/index.ts'),
  cassandra: () => import('./cassandra/index.ts'),
};
