/** What a check of an upgrade means. Pure. */
import type { Finding } from '../../../strategies/spi/guest.ts';

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

export const isVeto = (findings: readonly Finding[]): boolean => findings.some(({ severity }) => severity === 'ERROR');

/** Errors first. */
export const findingsText = (findings: readonly Finding[]): string =>
  findings.toSorted((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : 0)).map(({ subject, message }) => (subject === null ? message : `${subject}: ${message}`)).join('; ');
