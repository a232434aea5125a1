/**
 * The hosts this process can reach, and the registration of their facts. Today that is the compute role behind one
 * socket; the map keeps callers free of that.
 */
import { CofferError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Log } from '../../kernel/log.ts';
import type { ComputeStrategy, ListedBuild } from '../../strategies/spi/compute.ts';
import type { Store } from '../store/tx.ts';

export const beatMs = 5_000;
const callTimeoutMs = 4_000;

export interface Hosts {
  /** Throws HOST.UNREACHABLE for a host that this process does not serve. */
  compute(hostId: string): ComputeStrategy;
  /** ids of the hosts this process serves: what its worker may claim */
  targets(): string[];
  onTargets(listener: () => void): void;
  /** Null when the compute role does not answer. Those who ask while it is being asked share the answer: a list asks for each of its rows. */
  listBuilds(): Promise<ListedBuild[] | null>;
  /** Reads the facts and writes them; never throws. */
  beat(): Promise<void>;
  start(): void;
  stop(): void;
}

export function createHosts({ store, strategy, log }: { store: Store; strategy: ComputeStrategy; log: Log }): Hosts {
  let own: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let reached = true;
  let listing: Promise<ListedBuild[] | null> | null = null;
  const listeners: (() => void)[] = [];
  const hosts: Hosts = {
    compute(hostId) {
      if (hostId !== own) throw new CofferError('HOST.UNREACHABLE', `this gateway does not reach the host ${hostId}`);
      return strategy;
    },
    targets: () => (own === null ? [] : [own]),
    onTargets(listener) { listeners.push(listener); },
    listBuilds() {
      listing ??= strategy.listBuilds(AbortSignal.timeout(callTimeoutMs)).catch(() => null).finally(() => { listing = null; });
      return listing;
    },
    async beat() {
      try {
        const facts = await strategy.facts(AbortSignal.timeout(callTimeoutMs));
        const [row] = await store.query<{ id: string }>(
          `insert into host (id, name, region, zone, facts, seen_at) values ($1, $2, $3, $4, $5, now())
           on conflict (name) do update set region = excluded.region, zone = excluded.zone, facts = excluded.facts, seen_at = now() returning id`,
          [newId('Host'), facts.name, facts.region, facts.zone, JSON.stringify(facts)]);
        if (own !== row!.id) { own = row!.id; for (const listener of listeners) listener(); }
        if (!reached) log.info({ host: facts.name }, 'the compute role answers again');
        reached = true;
      } catch (error) {
        if (reached) log.warn({ err: error instanceof Error ? error.message : String(error) }, 'the compute role does not answer');
        reached = false;
      }
    },
    start() {
      void hosts.beat();
      timer = setInterval(() => void hosts.beat(), beatMs);
    },
    stop() { clearInterval(timer); },
  };
  return hosts;
}
