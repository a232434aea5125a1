/** The gateways that are alive, as they tell each other through the store. */
import type { Clock } from '../../kernel/clock.ts';
import type { Store, Tx } from '../store/tx.ts';

export const GATEWAY_BEAT_MS = 5_000;
/** A gateway that has not been heard for this long is dead: its agents are somebody else's. */
export const GATEWAY_DEAD_MS = 15_000;
/** Rows of the dead are kept a while for people to see. */
const GATEWAY_FORGET_MS = 10 * 60_000;

export interface GatewaySelf {
  id: string;
  roles: readonly string[];
  /** host:port of the Conductor, of the enrolment port; empty without that role */
  address: string;
  enrolAddress: string;
}
export interface ConductorAddress { id: string; address: string; enrolAddress: string }

export interface Gateways {
  beat(): Promise<void>;
  /** On an orderly end: nobody has to wait for our silence. */
  leave(): Promise<void>;
  /** Live conductors, this process first. */
  conductors(tx?: Tx): Promise<ConductorAddress[]>;
}

export function createGateways(deps: { store: Store; clock: Clock; self: GatewaySelf }): Gateways {
  const { store, clock, self } = deps;
  return {
    async beat() {
      const nowMs = clock.now();
      await store.query(
        `insert into gateway (id, address, enrol_address, roles, seen_at) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set address = excluded.address, enrol_address = excluded.enrol_address, roles = excluded.roles, seen_at = excluded.seen_at`,
        [self.id, self.address, self.enrolAddress, self.roles.join(','), new Date(nowMs)],
      );
      await store.query('delete from gateway where seen_at < $1', [new Date(nowMs - GATEWAY_FORGET_MS)]);
    },
    async leave() {
      await store.query('delete from gateway where id = $1', [self.id]);
    },
    async conductors(tx = store) {
      const rows = await tx.query<{ id: string; address: string; enrol_address: string }>(
        `select id, address, enrol_address from gateway where address <> '' and seen_at > $1 and id <> $2 order by id`, [new Date(clock.now() - GATEWAY_DEAD_MS), self.id]);
      const others = rows.map((row) => ({ id: row.id, address: row.address, enrolAddress: row.enrol_address }));
      return self.address === '' ? others : [{ id: self.id, address: self.address, enrolAddress: self.enrolAddress }, ...others];
    },
  };
}
