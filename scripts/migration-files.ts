import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSchemaEngine } from '../prisma/engine/engine.ts';

export const LOCK_FILE = 'migration_lock.toml';
export const LOCK_FILE_CONTENT = '# Prisma reads from here which SQL the migrations are written in.\nprovider = "postgresql"\n';

export interface MigrationPaths {
  migrations: string;
  schema: string;
}

/** What still separates the committed migrations from the schema, as SQL or in words; empty when nothing does. */
export async function diffMigrations(url: string, paths: MigrationPaths, form: 'sql' | 'summary'): Promise<string> {
  const engine = await openSchemaEngine(url);
  const { exitCode, stdout } = await engine.diff({
    from: { tag: 'migrations', ...(await readMigrations(paths.migrations)) },
    to: { tag: 'schemaDatamodel', files: [{ path: paths.schema, content: await readFile(paths.schema, 'utf8') }] },
    script: form === 'sql',
    exitCode: true,
    filters: { externalTables: [], externalEnums: [] },
  });
  return exitCode === 0 ? '' : (stdout ?? '').trim();
}

async function readMigrations(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  const migrationDirectories = await Promise.all(
    names.map(async (name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok' as const, value: await readFile(join(folder, name, 'migration.sql'), 'utf8') },
      },
    })),
  );
  // Before the first migration there is no file either, and the engine wants to know the kind of SQL all the same.
  const lockfile = { path: LOCK_FILE, content: LOCK_FILE_CONTENT };
  return { baseDir: folder, lockfile, shadowDbInitScript: '', migrationDirectories };
}

/** `20261120184500_add_volumes`: sorts by time, says what. */
export function nameMigration(title: string, now: Date): string {
  const slug = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '');
  if (!slug) throw new Error('a migration needs a name: node scripts/migration.ts new <name>');
  return `${now.toISOString().replaceAll(/\D/g, '').slice(0, 14)}_${slug}`;
}
