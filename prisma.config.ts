import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// Read by the CLI when it looks for its engine; otherwise it would download one. See prisma/engine/main.ts.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] = fileURLToPath(new URL('prisma/engine/schema-engine', import.meta.url));

const url = process.env['DATABASE_URL'];

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only commands that touch a database need one.
  ...(url ? { datasource: { url } } : {}),
});
