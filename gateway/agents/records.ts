/** What the conductor writes about agents. A row changes only with its event, unless nothing that anybody sees has changed. */
import type { Clock } from '../../kernel/clock.ts';
import type { Hello } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Capability } from '../../strategies/spi/capability.ts';
import { changeInstance, lockInstance, statusInput, type InstancePatch, type InstanceRow } from '../domain/instance/change.ts';
import { deriveStatus, isSameStatus } from '../domain/instance/status.ts';
import { hasVolumeMoved, type ObservationDoc } from '../domain/instance/observation.ts';
import type { Store, Tx } from '../store/tx.ts';
import { decideHello, type AgentDoc } from './hello.ts';
import { clean } from './observation.ts';

/** NOTIFY with the instance's id when its agent connected, reported first, another state of the engine, the end of a command or another group, was refused, or went. May be lost: `presence` also looks by itself. */
export const AGENT_CHANNEL = 'coffer_agent';
const ACTOR = 'system';
const REFUSAL_LIMIT = 1_000;

/** The locked row, with all that this part of the code keeps in `agent`. */
type AgentRow = Omit<InstanceRow, 'agent'> & { agent: AgentDoc | null };

export type Connected = { ok: true; incarnation: number; volumeBytes: number } | { ok: false; code: 'gone' | 'refused'; message: string };
export type Accepted = 'accepted' | 'late' | 'superseded' | 'gone';
export interface Seen { instanceId: string; incarnation: number; counter: number; atMs: number }

export interface AgentRecords {
  /** Judges the Hello; gives the stream its incarnation, which ends every earlier one. */
  connect(hello: Hello, serial: string): Promise<Connected>;
  /**
   * `isOpen` is asked when the row is locked: a report that was still under way when its stream ended must not make an agent that is
   * gone look connected.
   */
  accept(instanceId: string, observation: ObservationDoc, isOpen: () => boolean): Promise<Accepted>;
  /** One statement for many agents that reported nothing new. Answers the ids whose rows are not ours any more. */
  noteSeen(seen: readonly Seen[]): Promise<string[]>;
  /** The stream of this incarnation ended; its agent was last heard at `atMs`. */
  disconnect(instanceId: string, incarnation: number, atMs: number): Promise<boolean>;
  /** All agents of this gateway, when it stops. */
  disconnectAll(): Promise<number>;
  /** Derives the status anew, because time has passed. True when something changed. */
  recompute(instanceId: string): Promise<boolean>;
  setEngineCa(instanceId: string, bundle: string): Promise<void>;
}

export interface RecordsDeps { store: Store; clock: Clock; gatewayId: string; release: string; capabilitiesOf(datastore: string): readonly Capability[] | undefined }

export function createAgentRecords({ store, clock, gatewayId, release, capabilitiesOf }: RecordsDeps): AgentRecords {
  const now = (): Date => new Date(clock.now());
  return {
    connect: (hello, serial) => store.transaction(async (tx): Promise<Connected> => {
      const row = (await lockInstance(tx, hello.instanceId)) as AgentRow | null;
      if (!row || row.deleted_at !== null) return { ok: false, code: 'gone', message: 'the instance does not exist any more' };
      const decision = decideHello(hello, {
        instance: { id: row.id, datastore: row.datastore, track: row.track, buildId: row.build_id }, capabilities: capabilitiesOf(row.datastore), release,
      });
      tx.notify(AGENT_CHANNEL, row.id);
      if (!decision.ok) {
        const refused = `${decision.reason}: ${decision.message}`.slice(0, REFUSAL_LIMIT);
        const known = row.agent ?? { address: '', version: clean(hello.agentVersion).slice(0, 200), protocols: [], capabilities: [], serial, connectedAt: now().toISOString(), refused: null };
        if (row.agent?.refused !== refused) await write(tx, row, { agent: { ...known, refused } }, now());
        return { ok: false, code: 'refused', message: refused };
      }
      const agent: AgentDoc = {
        address: hello.address, version: hello.agentVersion, protocols: hello.protocols, capabilities: decision.capabilities, serial, buildId: hello.buildId, connectedAt: now().toISOString(), refused: null,
      };
      const incarnation = Number(row.incarnation) + 1;
      // Not yet "connected": what is on record was seen by an earlier stream. The first report makes it so.
      await write(tx, row, { agent, incarnation, report_counter: 0, agent_gateway: gatewayId }, now());
      return { ok: true, incarnation, volumeBytes: row.volume_gb * 1024 ** 3 };
    }),

    accept: (instanceId, observation, isOpen) => store.transaction(async (tx): Promise<Accepted> => {
      const row = (await lockInstance(tx, instanceId)) as AgentRow | null;
      if (!row || row.deleted_at !== null) return 'gone';
      // Invariant: of two streams of one agent only the newer is believed, and of one stream only later reports.
      if (Number(row.incarnation) !== observation.incarnation) return 'superseded';
      if (observation.counter <= Number(row.report_counter) || !isOpen()) return 'late';
      const at = now();
      const { engine, afterCommand, configuration, volumeGb } = row.observation ?? {};
      const isAwaited = engine !== observation.engine || volumeGb !== observation.volumeGb || afterCommand !== observation.afterCommand || configuration?.applied !== observation.configuration?.applied;
      if (!row.agent_connected || isAwaited) tx.notify(AGENT_CHANNEL, instanceId);
      await write(tx, row, {
        observation, observed_at: at, report_counter: observation.counter, agent_connected: true, agent_gateway: gatewayId, agent_seen_at: at,
        prepared: row.prepared || (observation.prepared && !row.released), ...volumeUse(row, observation, at),
      }, at);
      return 'accepted';
    }),

    async noteSeen(seen) {
      if (seen.length === 0) return [];
      const rows = await store.query<{ id: string }>(
        `update instance i set agent_seen_at = v.at, observed_at = v.at, report_counter = greatest(i.report_counter, v.counter)
           from unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[]) as v(id, incarnation, counter, at)
          where i.id = v.id and i.incarnation = v.incarnation and i.agent_gateway = $5 and i.agent_connected and i.deleted_at is null returning i.id`,
        [seen.map((s) => s.instanceId), seen.map((s) => s.incarnation), seen.map((s) => s.counter), seen.map((s) => new Date(s.atMs).toISOString()), gatewayId],
      );
      const ours = new Set(rows.map((row) => row.id));
      return seen.map((s) => s.instanceId).filter((id) => !ours.has(id));
    },

    async disconnect(instanceId, incarnation, atMs) {
      const rows = await store.query(
        `update instance set agent_connected = false, agent_gateway = null, agent_seen_at = case when agent_connected then $4 else agent_seen_at end
          where id = $1 and incarnation = $2 and agent_gateway = $3 returning id`,
        [instanceId, incarnation, gatewayId, new Date(atMs)]);
      if (rows.length === 1) store.notify(AGENT_CHANNEL, instanceId);
      return rows.length === 1;
    },
    async disconnectAll() {
      const rows = await store.query(
        'update instance set agent_connected = false, agent_gateway = null, agent_seen_at = case when agent_connected then $2 else agent_seen_at end where agent_gateway = $1 returning id', [gatewayId, now()]);
      return rows.length;
    },
    recompute: (instanceId) => store.transaction((tx) => recomputeStatus(tx, instanceId, now())),
    setEngineCa: (instanceId, bundle) => store.transaction(async (tx) => {
      const row = (await lockInstance(tx, instanceId)) as AgentRow | null;
      if (row && row.deleted_at === null && row.engine_ca !== bundle) await changeInstance(tx, instanceId, { engine_ca: bundle }, { actor: ACTOR }, now());
    }),
  };
}

/** A small movement is no event, and not lost either: it is told when several have come together. */
function volumeUse(row: AgentRow, { volumeUsedBytes, volumeUsedAt }: ObservationDoc, at: Date): Pick<InstancePatch, 'volume_used_bytes' | 'volume_used_at'> {
  const known = row.volume_used_bytes === null ? null : Number(row.volume_used_bytes);
  const volume_used_at = volumeUsedBytes === null ? null : volumeUsedAt ? new Date(volumeUsedAt) : at;
  return hasVolumeMoved(known, volumeUsedBytes, row.volume_gb * 1024 ** 3) ? { volume_used_bytes: volumeUsedBytes, volume_used_at } : { volume_used_at };
}

/** For every part that waits for time to pass: writes, with an event, only when the status or a condition differs. */
export async function recomputeStatus(tx: Tx, instanceId: string, now: Date): Promise<boolean> {
  const row = (await lockInstance(tx, instanceId)) as AgentRow | null;
  return row !== null && row.deleted_at === null && write(tx, row, {}, now);
}

/** True when it was visible. `row` is locked by this transaction. */
async function write(tx: Tx, row: AgentRow, patch: InstancePatch, now: Date): Promise<boolean> {
  const next = { ...row, ...patch } as AgentRow;
  const derived = deriveStatus(statusInput(next as InstanceRow, now));
  if (!isSameStatus(row, derived) || isDocumentTouched(row, next)) {
    await changeInstance(tx, row.id, patch, { actor: ACTOR }, now);
    return true;
  }
  const columns = Object.entries(patch);
  if (columns.length > 0) {
    const values = columns.map(([, value]) => (value !== null && typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : value));
    await tx.query(`update instance set ${columns.map(([name], i) => `${name} = $${i + 2}`).join(', ')} where id = $1`, [row.id, ...values]);
  }
  return false;
}

const isDocumentTouched = (row: AgentRow, next: AgentRow): boolean =>
  JSON.stringify(row.agent?.capabilities ?? null) !== JSON.stringify(next.agent?.capabilities ?? null)
  || String(row.volume_used_bytes ?? '') !== String(next.volume_used_bytes ?? '');
