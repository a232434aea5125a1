/** The loops of one gateway. Every one looks at the present and acts on what it sees; none remembers. */
import { systemClock, type Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { ComputeStrategy } from '../../strategies/spi/compute.ts';
import { GATEWAY_BEAT_MS, type Gateways } from '../agents/gateways.ts';
import type { IssueEnrolment } from '../agents/issue-enrolment.ts';
import type { Pki } from '../pki/pki.ts';
import type { Store } from '../store/tx.ts';
import type { DomainDeps } from '../domain/deps.ts';
import { lookAtHosts, type NewerBuilds } from '../hosts/newer-builds.ts';
import { growVolumes } from './grow-volumes.ts';
import { releaseDeletions, removeLeftovers } from './gone-hosts.ts';
import { createLoop, type Loop, type LoopOptions, type LoopRun } from './loop.ts';
import { recoverAgents } from './recover-agents.ts';
import { refreshEngines } from './refresh-engines.ts';
import { recomputeAged, releaseAgentsOfDeadGateways } from './silent-agents.ts';
import { pruneCertificates, publishEngineCa } from './upkeep.ts';

export interface ReconcilerDeps {
  store: Store;
  pki: Pki;
  gateways: Gateways;
  issueEnrolment: IssueEnrolment;
  /** hosts that are served from here */
  hostIds(): readonly string[];
  computeFor(hostId: string): ComputeStrategy | undefined;
  /** without it this process only says that it lives and keeps its own certificate */
  isWorker: boolean;
  /** what volumes that grow by themselves need; without it none does */
  domain?: DomainDeps;
  /** without it instances are told of newer builds by installations alone */
  newerBuilds?: NewerBuilds;
  /** sources are asked for newer builds this often; 0 or left out: by people alone */
  refreshEnginesHours?: number;
  log: Log;
  clock?: Clock;
  onRun?: (run: LoopRun) => void;
}
export type LoopName = 'gateway-beat' | 'pki' | 'silent-agents' | 'recover-agents' | 'gone-hosts' | 'grow-volumes' | 'newer-builds' | 'refresh-engines' | 'prune';
export interface Reconciler {
  start(): void;
  /** One look of a loop, now. */
  run(loop: LoopName): Promise<number>;
  stop(): Promise<void>;
}

/** After a start agents need a moment to find their way back before they are told as gone. */
const SETTLE_MS = 3_000;

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { store, pki, gateways, clock = systemClock, log } = deps;
  const loop = (options: Omit<LoopOptions, 'log' | 'onRun'>): Loop => createLoop({ ...options, log, onRun: deps.onRun });
  const loops = new Map<LoopName, Loop>();
  const define = (name: LoopName, options: Omit<LoopOptions, 'log' | 'onRun' | 'name'>): Map<LoopName, Loop> => loops.set(name, loop({ name, ...options }));

  define('gateway-beat', { everyMs: GATEWAY_BEAT_MS, delayMs: 0, timeoutMs: 5_000, async work() { await gateways.beat(); return 0; } });
  define('pki', {
    everyMs: 60_000, timeoutMs: 30_000,
    async work(signal) {
      await pki.maintain();
      return deps.isWorker ? publishEngineCa(store, pki, clock, signal) : 0;
    },
  });
  if (deps.isWorker) {
    define('silent-agents', {
      everyMs: 5_000, delayMs: SETTLE_MS, timeoutMs: 30_000,
      work: async (signal) => (await releaseAgentsOfDeadGateways(store, clock)) + (await recomputeAged(store, clock, signal)),
    });
    define('recover-agents', { everyMs: 10_000, delayMs: 2 * SETTLE_MS, timeoutMs: 60_000, work: (signal) => recoverAgents({ ...deps, clock }, signal) });
    define('gone-hosts', {
      everyMs: 10_000, delayMs: SETTLE_MS, timeoutMs: 60_000,
      work: async (signal) => (await releaseDeletions(store)) + (await removeLeftovers(deps, signal)),
    });
    const { domain, newerBuilds, refreshEnginesHours: everyHours = 0 } = deps;
    if (domain) define('grow-volumes', { everyMs: 5_000, delayMs: SETTLE_MS, timeoutMs: 60_000, work: (signal) => growVolumes({ domain, clock }, signal) });
    if (newerBuilds) define('newer-builds', { everyMs: 10_000, delayMs: SETTLE_MS, timeoutMs: 60_000, work: (signal) => lookAtHosts(newerBuilds, deps.hostIds(), signal) });
    if (domain && everyHours > 0) define('refresh-engines', { everyMs: 60_000, timeoutMs: 30_000, work: (signal) => refreshEngines({ domain, hostIds: deps.hostIds, everyHours, clock }, signal) });
    define('prune', { everyMs: 3_600_000, timeoutMs: 60_000, work: () => pruneCertificates(store, clock) });
  }

  return {
    start() {
      for (const each of loops.values()) each.start();
    },
    run(name) {
      const found = loops.get(name);
      if (!found) throw new Error(`this process runs no loop ${name}`);
      return found.run();
    },
    async stop() {
      await Promise.all([...loops.values()].map((each) => each.stop()));
      await gateways.leave().catch((error: unknown) => log.warn({ error: String(error) }, 'could not sign off; other gateways notice by our silence'));
    },
  };
}
