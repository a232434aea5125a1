/** From the wire to what the store keeps: bounded, and nothing unknown taken for well. Pure. */
import type { ConfigurationSight as SeenConfiguration, Observation } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { ConfigurationSight, EngineState, ObservationDoc } from '../domain/instance/observation.ts';

const DETAIL_LIMIT = 500;
const LINE_LIMIT = 300;
const LINES = 20;
const NAMES = 100;
const NAME_LIMIT = 100;
const engineStates: readonly EngineState[] = ['ok', 'starting', 'down', 'hung', 'crash-loop', 'unknown'];

/** `receivedAtMs`: ages are told, since the agent's clock may be another. */
export function toObservationDoc(seen: Observation, incarnation: number, receivedAtMs: number = Date.now()): ObservationDoc {
  return {
    incarnation, counter: seen.counter,
    prepared: seen.prepared, wanted: seen.wanted === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    engine: engineStates.find((state) => state === seen.engine) ?? 'unknown',
    detail: text(seen.detail, DETAIL_LIMIT), engineVersion: text(seen.engineVersion, LINE_LIMIT), crashes: count(seen.crashes) ?? 0,
    logTail: seen.logTail.slice(-LINES).map((line) => clean(line).slice(0, LINE_LIMIT)),
    volumeUsedBytes: count(seen.volumeUsedBytes), volumeUsedAt: momentBefore(receivedAtMs, count(seen.volumeUsedAgeMs)), volumeGb: count(seen.volumeGb), managementLost: seen.managementLost,
    isolation: seen.isolation === 'users' ? 'users' : 'shared', limitsUnenforced: text(seen.limitsUnenforced, DETAIL_LIMIT),
    rootEnabled: seen.rootEnabled ?? null, afterCommand: seen.afterCommand?.slice(0, LINE_LIMIT) ?? null,
    configuration: seen.configuration ? toSight(seen.configuration) : null,
    observedAt: new Date(Math.min(Math.max(seen.observedAtMs, 0), 8.64e15)).toISOString(),
  };
}

const toSight = (seen: SeenConfiguration): ConfigurationSight => ({
  applied: text(seen.applied, LINE_LIMIT), restartRequired: names(seen.restartRequired), drifted: names(seen.drifted),
  rejected: seen.rejected === undefined ? null : { group: clean(seen.rejected).slice(0, LINE_LIMIT), reason: text(seen.rejectedReason, DETAIL_LIMIT) ?? '' },
});
const names = (given: readonly string[]): string[] => given.slice(0, NAMES).map((name) => clean(name).slice(0, NAME_LIMIT));

const text = (value: string | undefined, limit: number): string | null => (value === undefined || value === '' ? null : clean(value).slice(0, limit));
/** The store's JSON holds no NUL, and a terminal's control codes have no place in a condition. */
export const clean = (value: string): string => value.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ');
const momentBefore = (atMs: number, ageMs: number | null): string | null => (ageMs === null || ageMs > atMs ? null : new Date(atMs - ageMs).toISOString());
const count = (value: number | undefined): number | null => (value === undefined || !Number.isSafeInteger(value) || value < 0 ? null : value);
