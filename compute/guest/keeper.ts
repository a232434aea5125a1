import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, type RetryPolicy } from '../../kernel/backoff.ts';
import { isAlive, signalProcess } from '../processes/proc.ts';
import { waitUntil } from '../processes/wait.ts';
import type { GuestRecord } from '../records/guest-record.ts';
import { ensureAgent } from './agent-process.ts';
import type { ComputeContext } from './context.ts';

/** Keeps an agent alive for every guest that is wanted, with nobody else there: neither gateway nor store. */
export interface Keeper {
  /** Looks at once, without backoff. For use inside the guest's lane. */
  ensureNow(record: GuestRecord): Promise<GuestRecord>;
  /** The first look at every guest has been taken: who should run was started. */
  ready: Promise<void>;
  close(): Promise<void>;
}

const lookEveryMs = 250;
const startsAtOnce = 4;
/** An agent that lived this long has earned a fresh start. */
const healthyAfterMs = 60_000;
const policy: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 200, maxDelayMs: 30_000 };

interface Attempts { failures: number; lastStartMs: number; notBeforeMs: number }

/** What the death or failed start of an agent means for the next start. Pure. */
export function decideNextStart(attempts: Attempts, nowMs: number, random: number): Attempts {
  const failures = nowMs - attempts.lastStartMs >= healthyAfterMs ? 1 : attempts.failures + 1;
  return { failures, lastStartMs: attempts.lastStartMs, notBeforeMs: nowMs + backoffMs(policy, failures, random) };
}

export function startKeeper(context: ComputeContext): Keeper {
  const attempts = new Map<string, Attempts>();
  const seenAlive = new Set<string>();
  const closing = new AbortController();
  const now = (): number => performance.now();

  async function ensureNow(record: GuestRecord): Promise<GuestRecord> {
    const known = attempts.get(record.instanceId) ?? { failures: 0, lastStartMs: Number.NEGATIVE_INFINITY, notBeforeMs: 0 };
    attempts.set(record.instanceId, { ...known, lastStartMs: now() });
    const running = await ensureAgent(context, record, () => void look(record.instanceId));
    seenAlive.add(record.instanceId);
    return running;
  }

  async function look(instanceId: string): Promise<void> {
    const record = context.records.get(instanceId);
    if (!record) attempts.delete(instanceId);
    if (closing.signal.aborted || record?.desired !== 'running' || context.lanes.isBusy(instanceId)) return;
    if (isAlive(record.agent)) { seenAlive.add(instanceId); return; }
    if (seenAlive.delete(instanceId)) {
      const next = decideNextStart(attempts.get(instanceId) ?? { failures: 0, lastStartMs: now(), notBeforeMs: 0 }, now(), Math.random());
      attempts.set(instanceId, next);
      context.log.warn({ instance: instanceId, pid: record.agent?.pid, againInMs: Math.round(next.notBeforeMs - now()) }, 'an agent is gone and is started again');
    }
    if (now() < (attempts.get(instanceId)?.notBeforeMs ?? 0)) return;
    await context.lanes.run(instanceId, null, closing.signal, async () => {
      const current = context.records.get(instanceId);
      if (current?.desired !== 'running') return;
      await ensureNow(current);
    }).catch((error: unknown) => {
      if (closing.signal.aborted) return;
      attempts.set(instanceId, decideNextStart(attempts.get(instanceId) ?? { failures: 0, lastStartMs: now(), notBeforeMs: 0 }, now(), Math.random()));
      context.log.error({ instance: instanceId, reason: error instanceof Error ? error.message : String(error) }, 'an agent could not be started; it is tried again');
    });
  }

  let looking = false;
  async function lookAtAll(): Promise<void> {
    if (looking) return;
    looking = true;
    const wanted = context.records.all().filter((record) => record.desired === 'running');
    // Side by side, so that one slow start holds no other up; a few, so that a machine that boots is not swamped.
    await Promise.all(Array.from({ length: startsAtOnce }, async () => {
      for (let next = wanted.shift(); next; next = wanted.shift()) await look(next.instanceId);
    }));
    looking = false;
  }

  const timer = setInterval(() => void lookAtAll(), lookEveryMs);
  const ready = lookAtAll();
  void ready.then(() => renewOutdated(context, closing.signal)).catch((error: unknown) => {
    if (!closing.signal.aborted) context.log.error({ reason: String(error) }, 'agents could not be renewed');
  });
  return {
    ensureNow, ready,
    async close() {
      clearInterval(timer);
      closing.abort();
      await ready;
    },
  };
}

const renewTimeoutMs = 30_000;
const renewSettleMs = 2_000;

/** Agents of an earlier release are replaced one after the other; their engines run on and are found again. */
async function renewOutdated(context: ComputeContext, signal: AbortSignal): Promise<void> {
  const isCurrent = async (instanceId: string): Promise<boolean> => {
    const record = context.records.get(instanceId);
    return record?.desired !== 'running' || (record.runtime === context.runtime.folder && isAlive(record.agent));
  };
  for (const { instanceId, runtime } of context.records.all()) {
    const agent = context.records.get(instanceId)?.agent;
    if (!agent || (await isCurrent(instanceId)) || !isAlive(agent)) continue;
    context.log.info({ instance: instanceId, from: runtime, to: context.runtime.folder }, 'the agent is renewed');
    signalProcess(agent, 'SIGTERM');
    await waitUntil(() => isCurrent(instanceId), renewTimeoutMs, signal);
    await delay(renewSettleMs, undefined, { signal });
    if (await isCurrent(instanceId)) continue;
    // A release whose agents do not live must not take every agent down.
    context.log.error({ instance: instanceId }, 'the renewed agent does not stay: the others keep their release');
    return;
  }
}
