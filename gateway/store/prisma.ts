/**
 * Prisma's client over the store's pool, for ordinary nouns (projects, tokens). It costs 15 MiB and 35 ms, so it is
 * loaded at first use; hot paths write their SQL themselves.
 */
import type { PrismaClient } from '../../prisma/generated/client.ts';
import type { PgStore } from './store.ts';

export function createPrisma(store: Pick<PgStore, 'pool'>): () => Promise<PrismaClient> {
  let client: Promise<PrismaClient> | undefined;
  return () => (client ??= load(store));
}

async function load(store: Pick<PgStore, 'pool'>): Promise<PrismaClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([import('../../prisma/generated/client.ts'), import('@prisma/adapter-pg')]);
  // The pool stays the store's: it ends it.
  return new PrismaClient({ adapter: new PrismaPg(store.pool, { disposeExternalPool: false }) });
}
