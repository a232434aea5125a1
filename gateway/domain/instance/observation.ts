/** What an agent last said about its engine, as the store keeps it (`instance.observation`). */
import type { GroupRevision } from './document.ts';

export type EngineState = 'ok' | 'starting' | 'down' | 'hung' | 'crash-loop' | 'unknown';

export interface ObservationDoc {
  incarnation: number;
  counter: number;
  /** durable marker of the agent: the engine's data have been made once */
  prepared: boolean;
  /** what the agent was last told to keep */
  wanted: 'RUNNING' | 'STOPPED';
  engine: EngineState;
  detail: string | null;
  engineVersion: string | null;
  crashes: number;
  /** last lines of the engine's log when it is not well */
  logTail: string[];
  volumeUsedBytes: number | null;
  /** when that was measured; null from an agent that does not tell */
  volumeUsedAt?: string | null;
  /** as large as the volume is to the agent's knowledge */
  volumeGb?: number | null;
  managementLost: boolean;
  isolation: 'users' | 'shared';
  limitsUnenforced: string | null;
  rootEnabled: boolean | null;
  /** `<operation>/<step>` of the latest command that changed the run state before this was seen; null from an agent that does not tell */
  afterCommand?: string | null;
  /** what the engine runs with; null while it runs and the agent has not read it once, and from an agent that does not tell */
  configuration?: ConfigurationSight | null;
  /** by the agent's clock; for people, never for ordering */
  observedAt: string;
}

/** As agents name a revision of a group; none: ''. */
export const groupName = (group: GroupRevision | null): string => (group === null ? '' : `${group.id}/${group.revision}`);

/** The same for people, whose values those are. */
export function groupText(name: string): string {
  const [, id, revision] = /^(.+)\/(\d+)$/.exec(name) ?? [];
  return id === undefined ? 'its flavor alone' : `revision ${revision} of configuration ${id}`;
}

/** Of a configuration group as the agent sees it; groups as `<id>/<revision>`. */
export interface ConfigurationSight {
  /** whose values the engine's files hold; null: no group */
  applied: string | null;
  restartRequired: string[];
  /** parameters that somebody changed in the engine by hand */
  drifted: string[];
  /** given up because the engine did not start with it */
  rejected: { group: string; reason: string } | null;
}

/** A volume's use is told anew when it moved by this share of the volume: it changes with every write. */
export const VOLUME_STEP = 0.01;

/** A figure older than this says little about the present. */
export const VOLUME_STALE_AFTER_MS = 5 * 60_000;
/** Measured anew and hardly moved: that is noted this seldom. */
export const VOLUME_NOTE_EVERY_MS = 60_000;

export const isVolumeUseStale = (usedAt: string | null, nowMs: number): boolean => usedAt === null || nowMs - Date.parse(usedAt) > VOLUME_STALE_AFTER_MS;

/** Whether a report says anything new. Order, time and small movements of the volume are not news. */
export function isNews(last: ObservationDoc | null, next: ObservationDoc, volumeBytes: number): boolean {
  if (last === null || last.incarnation !== next.incarnation) return true;
  return comparable(last) !== comparable(next) || hasVolumeMoved(last.volumeUsedBytes, next.volumeUsedBytes, volumeBytes) || isMeasuredAnew(last, next);
}

const comparable = ({ incarnation: _i, counter: _c, observedAt: _o, volumeUsedBytes: _v, volumeUsedAt: _a, logTail, ...rest }: ObservationDoc): string =>
  // An engine that is well may log as it likes.
  JSON.stringify([Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)), rest.engine === 'ok' ? [] : logTail]);

const isMeasuredAnew = (last: ObservationDoc, next: ObservationDoc): boolean =>
  last.volumeUsedAt != null && next.volumeUsedAt != null && Date.parse(next.volumeUsedAt) - Date.parse(last.volumeUsedAt) >= VOLUME_NOTE_EVERY_MS;

export function hasVolumeMoved(last: number | null, next: number | null, volumeBytes: number): boolean {
  if (last === null || next === null) return last !== next;
  return Math.abs(next - last) >= volumeBytes * VOLUME_STEP;
}
