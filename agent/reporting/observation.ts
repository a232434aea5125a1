import type { Allowance } from '../allowance.ts';
import { decideTold, type Seen } from '../configuration/decide.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { Observation } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { AgentState } from '../state/agent-state.ts';
import type { VolumeUse } from '../housekeeping/volume-usage.ts';
import type { Health } from '../supervisor/health.ts';

/** What is seen, without the numbers that order it on a stream. */
export type Sight = Omit<Observation, 'incarnation' | 'counter' | 'observedAtMs'>;

export interface SightInput {
  boot: Pick<AgentBoot, 'isolation'>;
  allowance: Pick<Allowance, 'limitsUnenforced' | 'volumeGb'>;
  state: Pick<AgentState, 'prepared' | 'wanted' | 'inForce' | 'before' | 'rejected'>;
  health: Health;
  logTail: readonly string[];
  volumeUse: VolumeUse | null;
  rootEnabled: boolean | null;
  afterCommand: string;
  configuration: { seen: Seen | null; canRead: boolean };
}

export function createSight({ boot, allowance, state, health, logTail, volumeUse, rootEnabled, afterCommand, configuration }: SightInput): Sight {
  const isWell = health.state === 'ok' || (health.state === 'down' && state.wanted === 'STOPPED');
  return {
    prepared: state.prepared, wanted: state.wanted, engine: health.state, detail: health.detail ?? undefined, engineVersion: health.version ?? undefined,
    crashes: health.crashes, logTail: isWell ? [] : [...logTail], volumeUsedBytes: volumeUse?.bytes, volumeUsedAgeMs: volumeUse?.ageMs, volumeGb: allowance.volumeGb, managementLost: health.managementLost,
    isolation: boot.isolation, limitsUnenforced: allowance.limitsUnenforced ?? undefined, rootEnabled: rootEnabled ?? undefined, afterCommand,
    configuration: decideTold({ ...state, ...configuration, engine: health.state }),
  };
}

/** Whether a change is news. The volume's use moves all the time and can wait for the heartbeat. */
export function isNews(before: Sight | undefined, now: Sight): boolean {
  if (!before) return true;
  const { volumeUsedBytes: _before, volumeUsedAgeMs: _ageBefore, ...old } = before;
  const { volumeUsedBytes: _now, volumeUsedAgeMs: _ageNow, ...fresh } = now;
  return JSON.stringify(old) !== JSON.stringify(fresh);
}
