/**
 * Prisma's own PostgreSQL adapter, made fit for a schema engine. As published (7.10) it serves queries of an
 * application and fails at three things a schema engine does:
 *
 * - it refuses columns of type "char" (OID 18), of which pg_catalog is full;
 * - it cuts a migration at every semicolon, inside function bodies and strings too;
 * - its shadow database is opened with the configuration's connection string, which names the main database.
 */
import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { runOnce, withDatabase } from './connection.ts';

const OID_CHAR = 18;
const OID_TEXT = 25;

export function createMigrationAdapterFactory(url: string): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => openAdapter(url, async () => {}),
    async connectToShadowDb() {
      const database = `prisma_migrate_shadow_db_${randomUUID()}`;
      await runOnce(url, (client) => `create database ${client.escapeIdentifier(database)}`);
      return openAdapter(withDatabase(url, database), () =>
        runOnce(url, (client) => `drop database if exists ${client.escapeIdentifier(database)} with (force)`),
      );
    },
  };
}

async function openAdapter(url: string, afterClose: () => Promise<void>): Promise<SqlDriverAdapter> {
  const pool = new pg.Pool({ connectionString: url });
  const runScript = pool.query.bind(pool);
  const charColumns = presentCharAsText(pool);
  const inner = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    async queryRaw(query) {
      const result = await inner.queryRaw(query);
      const isChar = charColumns.get(result.rows);
      if (!isChar) return result;
      return { ...result, columnTypes: result.columnTypes.map((type, i) => (isChar[i] ? ColumnTypeEnum.Character : type)) };
    },
    executeRaw: (query) => inner.executeRaw(query),
    async executeScript(script) {
      try {
        await runScript(script); // without values pg speaks the simple protocol: the server splits, in one transaction
      } catch (error) {
        inner['onError'](error); // throws what Prisma understands; protected, but there is no other way to its mapping
      }
    },
    startTransaction: (isolationLevel) => inner.startTransaction(isolationLevel),
    getConnectionInfo: () => inner.getConnectionInfo(),
    async dispose() {
      await inner.dispose();
      await afterClose();
    },
  };
}

/** Calls "char" columns text on their way to Prisma's adapter, and remembers by the rows which ones they were. */
function presentCharAsText(pool: pg.Pool): WeakMap<object, boolean[]> {
  const charColumns = new WeakMap<object, boolean[]>();
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryArrayResult>;
  const patched = async (...args: unknown[]) => {
    const result = await query(...args);
    const isChar = result.fields?.map((field) => field.dataTypeID === OID_CHAR) ?? [];
    if (!isChar.includes(true)) return result;
    charColumns.set(result.rows, isChar);
    for (const field of result.fields) if (field.dataTypeID === OID_CHAR) field.dataTypeID = OID_TEXT;
    return result;
  };
  pool.query = patched as typeof pool.query;
  return charColumns;
}
