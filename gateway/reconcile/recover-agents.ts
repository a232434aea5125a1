/** Agents that stay away: their host is asked, and one that cannot come back by itself gets a fresh enrolment token. */
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { ComputeStrategy, GuestFacts } from '../../strategies/spi/compute.ts';
import type { IssueEnrolment } from '../agents/issue-enrolment.ts';
import { recomputeStatus } from '../agents/records.ts';
import type { AgentDoc } from '../agents/hello.ts';
import { msOf } from '../pki/authorities.ts';
import type { Store, Tx } from '../store/tx.ts';
import { decideRecovery, isRecoveryDue, PATIENCE_MS, type LostAgent } from './decide-recovery.ts';

/** Looked at, of the hosts served here: who is not due must not hide who is. */
const SCAN = 5_000;
/** Acted on in one look. */
const BATCH = 50;
const CALL_TIMEOUT_MS = 15_000;

export interface RecoveryDeps {
  store: Store;
  clock: Clock;
  log: Log;
  issueEnrolment: IssueEnrolment;
  /** hosts that are served from here: what another gateway can do is not taken from it */
  hostIds(): readonly string[];
  computeFor(hostId: string): ComputeStrategy | undefined;
}
interface Candidate { id: string; agent: AgentDoc | null; task: { kind: string } | null; agent_seen_at: Date | string; certificate_until?: Date | string | null }
interface Row extends Candidate { host_id: string; epoch: string; generation: number }

const LOST = `i.deleted_at is null and i.prepared and not i.released and i.agent_gateway is null and i.agent_seen_at < $1`;
const COLUMNS = `i.id, i.host_id, i.epoch, g.generation, i.agent, i.task, i.agent_seen_at,
  (select max(c.not_after) from certificate c where c.subject_id = i.id and c.kind = 'agent' and c.revoked_at is null) as certificate_until`;

export async function recoverAgents(deps: RecoveryDeps, signal: AbortSignal): Promise<number> {
  const before = new Date(deps.clock.now() - PATIENCE_MS);
  const rows = await deps.store.query<Candidate>(
    `select i.id, i.agent, i.task, i.agent_seen_at from instance i where ${LOST} and i.host_id = any($2::text[]) order by i.agent_seen_at limit ${SCAN}`, [before, deps.hostIds()]);
  const due = rows.filter((candidate) => isRecoveryDue(lostAgent(candidate, deps.clock.now()))).slice(0, BATCH);
  let acted = 0;
  for (const row of due) {
    signal.throwIfAborted();
    if (await recover(deps, row.id, signal).catch((error: unknown) => {
      deps.log.warn({ instanceId: row.id, error: String(error) }, 'could not recover an agent; tried again later');
      return false;
    })) acted += 1;
  }
  return acted;
}

function lostAgent(row: Candidate, nowMs: number): LostAgent {
  const attempt = row.agent?.reenrol;
  return {
    silentMs: nowMs - msOf(row.agent_seen_at), task: row.task, isRefused: Boolean(row.agent?.refused),
    lastAttempt: attempt ? { agoMs: nowMs - Date.parse(attempt.at), count: attempt.count } : null,
    certificateEndsInMs: row.certificate_until ? msOf(row.certificate_until) - nowMs : null,
  };
}

async function recover(deps: RecoveryDeps, instanceId: string, signal: AbortSignal): Promise<boolean> {
  const claimed = await deps.store.transaction((tx) => claim(deps, tx, instanceId));
  const compute = claimed && deps.computeFor(claimed.host_id);
  if (!claimed || !compute) return false;
  const callSignal = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);

  const { state } = await compute.inspect(instanceId, callSignal());
  const recovery = decideRecovery(lostAgent(claimed, deps.clock.now()), state);
  await noteGuest(deps, instanceId, state);
  if (recovery !== 'reenrol') return recovery === 'missing';
  const enrolment = await deps.store.transaction((tx) => deps.issueEnrolment(tx, instanceId));
  const fence = { generation: claimed.generation, epoch: Number(claimed.epoch), attempt: 0 };
  await compute.reenrol(instanceId, enrolment, { signal: callSignal(), fence, operationId: `reenrol-${instanceId}` });
  deps.log.info({ instanceId, guest: state }, 'gave an agent that stayed away a fresh enrolment token');
  return true;
}

/** Of several gateways one gets it: whoever comes second finds the attempt on record. */
async function claim(deps: RecoveryDeps, tx: Tx, instanceId: string): Promise<Row | null> {
  const nowMs = deps.clock.now();
  const [row] = await tx.query<Row>(`select ${COLUMNS} from instance i, installation g where ${LOST} and i.id = $2 for update of i skip locked`, [new Date(nowMs - PATIENCE_MS), instanceId]);
  if (!row || !isRecoveryDue(lostAgent(row, nowMs))) return null;
  const reenrol = { at: new Date(nowMs).toISOString(), count: (row.agent?.reenrol?.count ?? 0) + 1 };
  await tx.query(`update instance set agent = coalesce(agent, '{}'::jsonb) || $2::jsonb where id = $1`, [instanceId, JSON.stringify({ reenrol })]);
  return row;
}

/** So that the condition says whether there is anything left to come back. */
const noteGuest = (deps: RecoveryDeps, instanceId: string, state: GuestFacts['state']): Promise<boolean> => deps.store.transaction(async (tx) => {
  await tx.query(`update instance set agent = coalesce(agent, '{}'::jsonb) || $2::jsonb where id = $1 and agent_gateway is null`, [instanceId, JSON.stringify({ guest: state })]);
  return recomputeStatus(tx, instanceId, new Date(deps.clock.now()));
});
