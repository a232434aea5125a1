/**
 * The one table that says what an instance's status is. Pure: intent, operation, last observation and its age go in;
 * status and conditions come out. Derived from what was seen, never from what is hoped.
 */
import { activityOf } from './activity.ts';
import { datedConditions, finding, guestFindings, offerFinding, stateFindings, withLogTail, type Finding, type Offer } from './conditions.ts';
import type { ConditionDoc, InstanceStatus, VolumeAutoscalingDoc } from './document.ts';
import type { ObservationDoc } from './observation.ts';

export interface StatusInput {
  now: Date;
  intent: 'RUNNING' | 'STOPPED';
  /** the running exclusive operation */
  task: { kind: string } | null;
  /** the engine's data have been made once */
  prepared: boolean;
  /** a failed or cancelled create gave everything back */
  released: boolean;
  deleted: boolean;
  /** why the last operation failed */
  fault: { code: string; message: string } | null;
  observation: ObservationDoc | null;
  observedAt: Date | null;
  agentConnected: boolean;
  /** when the agent was last heard; kept up to date at least every half minute while it reports */
  agentSeenAt: Date | null;
  /** why the gateway turned the agent away: "Reason: message" */
  agentRefused: string | null;
  /** what the host last said of the guest while its agent was away */
  guestState?: string | null;
  volumeGb: number;
  volumeAutoscaling?: VolumeAutoscalingDoc | null;
  previous: readonly ConditionDoc[];
  createdAt: Date;
  /** the revision that it is to run (`groupName`) */
  group?: string;
  offer?: Offer | null;
}
export interface Derived { status: InstanceStatus; conditions: ConditionDoc[] }

/** An agent that went and comes back within this time has not been away. */
export const DISCONNECT_GRACE_MS = 300;
/** A report older than this says nothing about the present, whatever the connection looks like. */
export const STALE_AFTER_MS = 60_000;

export function deriveStatus(input: StatusInput): Derived {
  const { status, findings } = judge(input);
  return { status, conditions: datedConditions(findings, input.previous, input.now) };
}

/** Whether writing `next` over `row` would change anything a user sees. */
export const isSameStatus = (row: { status: string; conditions: readonly ConditionDoc[] }, next: Derived): boolean =>
  row.status === next.status && JSON.stringify(row.conditions.map(fields)) === JSON.stringify(next.conditions.map(fields));
const fields = (c: ConditionDoc): string[] => [c.type, c.status, c.reason, c.message, c.since];

export type Contact = 'fresh' | 'never' | 'lost' | 'silent';

export function contactOf(input: Pick<StatusInput, 'now' | 'observation' | 'agentConnected' | 'agentSeenAt'>): Contact {
  if (input.observation === null || input.agentSeenAt === null) return 'never';
  // Clocks of two gateways differ a little: an age may be slightly below zero.
  const ageMs = Math.abs(input.now.getTime() - input.agentSeenAt.getTime());
  if (input.agentConnected) return ageMs <= STALE_AFTER_MS ? 'fresh' : 'silent';
  return ageMs <= DISCONNECT_GRACE_MS ? 'fresh' : 'lost';
}

interface Verdict { status: InstanceStatus; findings: Finding[] }

function judge(input: StatusInput): Verdict {
  const activity = input.task === null ? null : activityOf(input.task.kind);
  if (input.deleted || activity === 'delete') return { status: 'DELETING', findings: [] };
  const refused = refusal(input.agentRefused);
  const guest = input.observation === null ? [] : guestFindings(input.observation);
  const offer = input.offer ? [offerFinding(input.offer)] : [];
  // Invariant: no way out of BUILDING before the create has ended, so that nothing flaps while it runs.
  if (activity === 'create') return { status: 'BUILDING', findings: [...refused, ...guest] };
  if (input.released || !input.prepared) return { status: 'ERROR', findings: [...refused, ...createFailed(input.fault)] };

  const contact = contactOf(input);
  const { observation } = input;
  // Invariant: nothing is green on missing or old data. Everything below has a fresh report.
  if (observation === null || contact !== 'fresh') {
    const state = observation === null ? [] : stateFindings(observation, input, false);
    return { status: 'UNKNOWN', findings: [...refused, unreachable(contact, input.guestState), ...guest, ...state, ...offer] };
  }
  const engine = judgeEngine(input, observation, activity === 'planned-downtime');
  return { status: engine.status, findings: [...refused, ...engine.findings, ...guest, ...stateFindings(observation, input, true), ...offer] };
}

/** `isPlanned`: an operation that is expected to take the engine down for a while is running. */
function judgeEngine(input: StatusInput, seen: ObservationDoc, isPlanned: boolean): Verdict {
  const wantsRunning = input.intent === 'RUNNING';
  const unwell = (status: InstanceStatus, reason: string, message: string): Verdict =>
    ({ status, findings: [finding('EngineUnavailable', reason, withDetail(message, seen))] });

  if (!seen.prepared) return unwell('UNHEALTHY', 'DataMissing', 'The agent finds no data of the engine where there were some.');
  switch (seen.engine) {
    // A fault of the last operation, or an intent not reached, never hides a running engine.
    case 'ok': return { status: 'ACTIVE', findings: [] };
    case 'hung': return unwell('UNHEALTHY', 'EngineHung', 'The engine runs but does not answer.');
    case 'starting':
      return isPlanned ? unwell('STOPPED', 'EngineStarting', 'The engine is starting.') : unwell('UNHEALTHY', 'EngineStarting', 'The engine is starting.');
    case 'crash-loop':
      if (!wantsRunning) return { status: 'STOPPED', findings: [] };
      return unwell('UNHEALTHY', 'CrashLoop', `The engine ended ${seen.crashes} times shortly after its start.`);
    case 'down':
      if (!wantsRunning) return { status: 'STOPPED', findings: [] };
      return isPlanned ? unwell('STOPPED', 'EngineStopped', 'The engine is stopped for the running operation.') : unwell('UNHEALTHY', 'EngineDown', 'The engine does not run; it is being restarted.');
    case 'unknown': return unwell('UNKNOWN', 'EngineUnknown', 'The agent cannot tell how the engine is.');
  }
}

function withDetail(message: string, seen: ObservationDoc): string {
  return withLogTail(seen.detail === null || seen.detail === '' ? message : `${message} ${seen.detail}`, seen.logTail);
}

function unreachable(contact: Contact, guestState: string | null | undefined): Finding {
  if (guestState === 'absent') return finding('AgentUnreachable', 'GuestMissing', 'The host has no guest of this instance any more: its files or their record are gone. Delete the instance, or bring the files back.');
  if (contact === 'never') return finding('AgentUnreachable', 'NoReport', 'The agent has not reported yet.');
  if (contact === 'silent') return finding('AgentUnreachable', 'Silent', 'The agent is connected but has not reported for a while: nothing is known about the engine.');
  return finding('AgentUnreachable', 'Disconnected', 'The agent is not connected: nothing is known about the engine, which may well run. The agent is brought back by its host.');
}

function refusal(text: string | null): Finding[] {
  if (text === null) return [];
  const [, reason, message] = /^([A-Z][A-Za-z]+): (.*)$/s.exec(text) ?? [];
  return [finding('AgentRefused', reason ?? 'Mismatch', message ?? text)];
}

const createFailed = (fault: StatusInput['fault']): Finding[] =>
  [finding('CreateFailed', reasonOf(fault?.code), fault?.message ?? 'The instance was never finished. Delete it and create it anew.')];

/** "ENGINE.FAILED_TO_START" → "EngineFailedToStart" */
const reasonOf = (code: string | undefined): string =>
  code === undefined ? 'Unfinished' : code.toLowerCase().split(/[^a-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
