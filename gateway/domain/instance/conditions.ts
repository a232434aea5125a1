/** Conditions: what is remarkable about an instance, beside its status. Pure. */
import { isOverThreshold } from './autoscaling.ts';
import type { ConditionDoc, VolumeAutoscalingDoc } from './document.ts';
import { type ConfigurationSight, groupText, type ObservationDoc } from './observation.ts';

/** A condition before it has a time. */
export type Finding = Omit<ConditionDoc, 'since'>;

/** A build of its version that its host has and that is newer. `canUpgrade`: the agent has UPGRADE, or has not said yet what it has. */
export interface Offer { datastore: string; track: string; id: string; version: string; canUpgrade: boolean }

/** Types that the status table owns. Others are carried along. */
export const derivedTypes = [
  'AgentRefused', 'AgentUnreachable', 'ConfigurationDrifted', 'ConfigurationRejected', 'CreateFailed', 'EngineUnavailable', 'IsolationShared', 'LimitsUnenforced',
  'ManagementLost', 'NewerBuild', 'RestartRequired', 'VolumeCannotGrow', 'VolumeFull', 'VolumeNearlyFull',
] as const;
export type DerivedType = (typeof derivedTypes)[number];

const owned = new Set<string>(derivedTypes);
const NEARLY_FULL = 0.85;
const FULL = 0.95;
/** A condition that is on goes off this far below where it came on, so that it does not flutter. */
const HYSTERESIS = 0.03;
const LOG_LINES = 5;
const MESSAGE_LIMIT = 1000;

export const finding = (type: DerivedType, reason: string, message: string, status: ConditionDoc['status'] = 'TRUE'): Finding =>
  ({ type, status, reason, message: message.slice(0, MESSAGE_LIMIT) });

/** `since` stays while type, status and reason do; conditions of other owners are carried along. Sorted by type. */
export function datedConditions(findings: readonly Finding[], previous: readonly ConditionDoc[], now: Date): ConditionDoc[] {
  const dated = findings.map((f): ConditionDoc => {
    const before = previous.find((p) => p.type === f.type && p.status === f.status && p.reason === f.reason);
    return { type: f.type, status: f.status, reason: f.reason, message: f.message, since: before?.since ?? now.toISOString() };
  });
  const carried = previous.filter((p) => !owned.has(p.type));
  return [...dated, ...carried].sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
}

/** How the guest is kept, true for as long as the guest is the same. */
export function guestFindings(observation: ObservationDoc): Finding[] {
  const found: Finding[] = [];
  if (observation.isolation === 'shared') {
    found.push(finding('IsolationShared', 'OneUser', 'Agent and engine run as one operating system user, shared with other instances of this host: a process that breaks out of one engine can read the files of the others.'));
  }
  if (observation.limitsUnenforced !== null) found.push(finding('LimitsUnenforced', 'NotPermitted', `Memory and CPU limits are not enforced: ${observation.limitsUnenforced}`));
  return found;
}

export interface StateFacts { volumeGb: number; volumeAutoscaling?: VolumeAutoscalingDoc | null; previous: readonly ConditionDoc[]; task: object | null; group?: string }

/** What the engine and its volume look like; with an agent out of sight it is told as UNKNOWN. */
export function stateFindings(observation: ObservationDoc, { volumeGb, volumeAutoscaling = null, previous, task, group }: StateFacts, isFresh: boolean): Finding[] {
  const status = isFresh ? 'TRUE' : 'UNKNOWN';
  const found: Finding[] = [];
  if (observation.managementLost) found.push(finding('ManagementLost', 'LoginRefused', 'The engine refuses the management account. Reset the instance to repair it.', status));
  if (observation.configuration) found.push(...configurationFindings(observation.configuration, task === null ? group : undefined, status));
  const volume = volumeFinding(observation.volumeUsedBytes, volumeGb, previous, status);
  if (volume) found.push(volume);
  const stuck = volumeAutoscaling && stuckFinding(observation.volumeUsedBytes, volumeGb, volumeAutoscaling, status);
  if (stuck) found.push(stuck);
  return found;
}

/**
 * What was read from the engine, never what an operation hoped for: each goes when the engine is seen to run the values.
 * `wanted`: the group that it is to run; left out while that is being changed.
 */
function configurationFindings({ applied, restartRequired, drifted, rejected }: ConfigurationSight, wanted: string | undefined, status: ConditionDoc['status']): Finding[] {
  const found: Finding[] = [];
  if (restartRequired.length > 0) found.push(finding('RestartRequired', 'ParametersWaitForRestart', `Restart the instance: ${restartRequired.join(', ')} ${restartRequired.length === 1 ? 'waits' : 'wait'} for it.`, status));
  if (wanted !== undefined && !rejected && (applied ?? '') !== wanted) {
    const remedy = wanted === '' ? 'Detach it once more.' : 'Attach the group again.';
    found.push(finding('ConfigurationDrifted', 'GroupDiffers', `The engine's files hold the values of ${groupText(applied ?? '')}, and are to hold those of ${groupText(wanted)}: a change could not be taken back. ${remedy}`, status));
  } else if (drifted.length > 0) found.push(finding('ConfigurationDrifted', 'ChangedByHand', `Changed in the engine by hand, and lost at its next start: ${drifted.join(', ')}.`, status));
  if (rejected) found.push(finding('ConfigurationRejected', 'EngineDidNotStart', `The engine did not start with the values of ${groupText(rejected.group)}, and runs with the values from before: ${rejected.reason}`, status));
  return found;
}

/** It has nothing to do with what an agent sees: the engine may be at its best. */
export function offerFinding({ datastore, track, id, version, canUpgrade }: Offer): Finding {
  const remedy = canUpgrade ? 'Upgrade the instance with the version that it has to bring it there.' : `${datastore} has no upgrades: new instances have it, and this one stays as it is.`;
  return finding('NewerBuild', 'Installed', `${datastore} ${track} is installed in a newer build: ${version} (${id}). ${remedy}`);
}

function volumeFinding(usedBytes: number | null, volumeGb: number, previous: readonly ConditionDoc[], status: ConditionDoc['status']): Finding | null {
  if (usedBytes === null || volumeGb <= 0) return null;
  const used = usedBytes / (volumeGb * 1024 ** 3);
  const limit = (type: DerivedType, at: number): number => (previous.some((p) => p.type === type) ? at - HYSTERESIS : at);
  const percent = Math.round(used * 100);
  if (used >= limit('VolumeFull', FULL)) return finding('VolumeFull', 'Used', `${percent} % of the volume is used: the engine may refuse writes. Delete data or enlarge the volume.`, status);
  if (used >= limit('VolumeNearlyFull', NEARLY_FULL)) return finding('VolumeNearlyFull', 'Used', `${percent} % of the volume is used.`, status);
  return null;
}

/** It should have grown by itself, and will not. */
function stuckFinding(usedBytes: number | null, volumeGb: number, { thresholdPercent, maxGb, refused = null }: VolumeAutoscalingDoc, status: ConditionDoc['status']): Finding | null {
  if (usedBytes === null || !isOverThreshold({ usedBytes, volumeGb, thresholdPercent })) return null;
  const over = `More than ${thresholdPercent} % of the volume is used, and it`;
  if (volumeGb >= maxGb) return finding('VolumeCannotGrow', 'CeilingReached', `${over} has the size at which it stops growing by itself: ${maxGb} GB. Delete data, or raise the ceiling.`, status);
  return refused === null ? null : finding('VolumeCannotGrow', 'Refused', `${over} cannot grow by itself: ${refused}`, status);
}

/** The engine's own last words, for a message. */
export function withLogTail(message: string, logTail: readonly string[]): string {
  const lines = logTail.slice(-LOG_LINES).map((line) => line.trim()).filter((line) => line !== '');
  return lines.length === 0 ? message : `${message}\n${lines.join('\n')}`.slice(0, MESSAGE_LIMIT);
}
