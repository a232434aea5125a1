/** What a check of an upgrade means. Pure. */
import type { Finding } from '../../../strategies/spi/guest.ts';
import { type ConfigurationSight, groupText } from '../instance/observation.ts';

/** `reflink`: the copy that is kept takes neither time nor room. */
export interface UpgradeEstimate { dataBytes: number; freeBytes: number; reflink: boolean; interruptionMs: number }

/** What the check of an upgrade answers, with what was known before. */
export interface UpgradeCheck { findings: Finding[]; estimate: UpgradeEstimate }

/** Of an ordinary disk, read and written at once. */
const copiedBytesPerMs = 150_000;
/** Stopping, starting and the engine's own work, as it usually is: a fraction of what it may take. */
const usualShare = 20;

/** Null from an agent that does not tell. */
export function estimateOf(room: { dataBytes: number; freeBytes: number; reflink: boolean } | null, limits: { startMs: number; stopMs: number }): UpgradeEstimate {
  const { dataBytes, freeBytes, reflink } = room ?? { dataBytes: 0, freeBytes: 0, reflink: false };
  const copyMs = reflink ? 0 : Math.ceil(dataBytes / copiedBytesPerMs);
  return { dataBytes, freeBytes, reflink, interruptionMs: Math.round((limits.startMs + limits.stopMs) / usualShare) + copyMs };
}

/** A copy in a folder on the host's disk comes out of what all share: its reserve is left alone. A volume with blocks of its own has them. */
export function reserveFindings(room: { dataBytes: number; reflink: boolean } | null, host: { name: string; freeBytes: number; reserveBytes: number }, volumeType: string): Finding[] {
  if (room === null || room.reflink || volumeType !== 'directory' || host.freeBytes - host.reserveBytes >= room.dataBytes) return [];
  const inMb = (bytes: number): number => Math.max(0, Math.ceil(bytes / 1024 ** 2));
  return [{ severity: 'ERROR', subject: null, message: `a copy of ${inMb(room.dataBytes)} MB of data would go into the reserve of host ${host.name}, which has ${inMb(host.freeBytes - host.reserveBytes)} MB of disk beyond it` }];
}

/** Of the group that the instance has, by what its agent last told: a way back would give the engine what it did not start with. */
export function groupFindings(sight: ConfigurationSight | null, group: string): Finding[] {
  if (sight === null || group === '') return [];
  const { rejected, restartRequired } = sight;
  if (rejected?.group === group) return [{ severity: 'ERROR', subject: 'configuration', message: `the engine did not start with the values of ${groupText(group)} and runs with the values from before: mend the group, or detach it first. The engine said: ${rejected.reason}` }];
  if (restartRequired.length === 0) return [];
  return [{ severity: 'WARNING', subject: 'configuration', message: `no start has shown yet that the engine takes what waits for one: ${restartRequired.join(', ')}` }];
}

export const isVeto = (findings: readonly Finding[]): boolean => findings.some(({ severity }) => severity === 'ERROR');

/** Errors first. */
export const findingsText = (findings: readonly Finding[]): string =>
  findings.toSorted((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0)).map(({ subject, message }) => (subject === null ? message : `${subject}: ${message}`)).join('; ');
