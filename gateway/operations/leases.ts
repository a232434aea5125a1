/**
 * Keeps the leases of what this worker holds: renewed at a third of their time, in one statement for all. A lease that
 * could not be renewed is given up before it runs out in the store, so that a worker cut off from the store stops
 * acting before another one begins.
 */
import type { Log } from '../../kernel/log.ts';
import type { Store } from '../store/tx.ts';
import type { Held } from './held-operation.ts';
import { renewLeases } from './operation-rows.ts';
import type { StoreClock } from './store-clock.ts';

export interface Leases {
  /** `askedAt` (performance.now): when the claim was asked for. */
  add(held: Held, askedAt: number): void;
  remove(held: Held): void;
  /** The one with this id, if it is held here. */
  find(id: string): Held | undefined;
  close(): void;
}

export function createLeases(deps: { store: Store; clock: StoreClock; owner: string; leaseMs: number; log: Log }): Leases {
  const { store, clock, owner, leaseMs, log } = deps;
  /** until when (performance.now) each lease surely holds: counted from before it was asked for */
  const heldUntil = new Map<Held, number>();
  let isRenewing = false;

  function giveUpExpired(): void {
    const now = performance.now();
    for (const [held, until] of heldUntil) if (now >= until) held.lose();
  }

  async function renew(): Promise<void> {
    const all = [...heldUntil.keys()].filter((held) => !held.lost.aborted);
    if (isRenewing || all.length === 0) return;
    isRenewing = true;
    const askedAt = performance.now();
    try {
      const rows = await renewLeases(store, all.map((held) => ({ id: held.state.id, attempt: held.state.attempt })), owner, leaseMs);
      const byId = new Map(rows.map((row) => [row.id, row]));
      if (rows[0]) clock.learn(rows[0].db_now.getTime());
      for (const held of all) {
        const row = byId.get(held.state.id);
        if (row && heldUntil.has(held)) heldUntil.set(held, askedAt + leaseMs);
        // Not there: taken over, or its claim rose while we asked. Newer: somebody wrote, a cancel perhaps.
        if (!row || row.version > held.state.version) held.refresh().catch(() => {});
      }
    } catch (error) {
      log.warn({ err: (error as Error).message, operations: all.length }, 'the leases of running operations could not be renewed; trying again');
    } finally {
      isRenewing = false;
    }
  }

  const renewing = setInterval(() => void renew(), leaseMs / 3);
  const watching = setInterval(giveUpExpired, Math.max(20, leaseMs / 20));
  return {
    add: (held, askedAt) => { heldUntil.set(held, askedAt + leaseMs); },
    remove: (held) => { heldUntil.delete(held); },
    find: (id) => [...heldUntil.keys()].find((held) => held.state.id === id),
    close() {
      clearInterval(renewing);
      clearInterval(watching);
    },
  };
}
