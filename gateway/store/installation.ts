/** Who this installation is: one row, made at the first start and never again. */
import { randomBytes } from 'node:crypto';
import { schemaLevel } from './schema-level.ts';
import type { Tx } from './tx.ts';

export interface Installation { trustDomain: string; generation: number; schemaLevel: number }

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const TRUST_DOMAIN_LETTERS = 10;
const newTrustDomain = (): string =>
  `coffer-${Array.from(randomBytes(TRUST_DOMAIN_LETTERS), (byte) => BASE32[byte % BASE32.length]).join('')}.internal`;

/** Two gateways that start at once agree on one row. */
export async function ensureInstallation(tx: Tx): Promise<Installation> {
  await tx.query('insert into installation (id, trust_domain, schema_level) values (1, $1, $2) on conflict (id) do nothing', [newTrustDomain(), schemaLevel.needed]);
  const [row] = await tx.query<Installation>('select trust_domain as "trustDomain", generation, schema_level as "schemaLevel" from installation where id = 1');
  return row!;
}

const RENUMBER_BATCH = 10_000;

/**
 * After the store was restored from a backup, before any gateway runs: fences and cursors given out later than the
 * backup are then refused instead of being mistaken for present ones. A new server counts transactions from its own
 * beginning, so the old events are moved before all that will come (their order stays, by id). Answers the generation.
 */
export async function raiseGeneration(tx: Tx): Promise<number> {
  for (let moved = RENUMBER_BATCH; moved === RENUMBER_BATCH;) {
    const rows = await tx.query(`update event set xid = 0 where id in (select id from event where xid > 0 limit ${RENUMBER_BATCH}) returning 1 as moved`);
    moved = rows.length;
  }
  await tx.query('delete from event_horizon');
  const [row] = await tx.query<{ generation: number }>('update installation set generation = generation + 1 where id = 1 returning generation');
  if (!row) throw new Error('the store has no installation row: start a gateway on it once');
  return row.generation;
}
