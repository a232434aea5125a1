import type { ObservationDoc } from '../../../gateway/domain/instance/observation.ts';
import type { StatusInput } from '../../../gateway/domain/instance/status.ts';

export const NOW = new Date('2026-11-20T12:00:00.000Z');
export const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

export const observed = (over: Partial<ObservationDoc> = {}): ObservationDoc => ({
  incarnation: 1, counter: 1, prepared: true, wanted: 'RUNNING', engine: 'ok', detail: null, engineVersion: '1.0', crashes: 0, logTail: [],
  volumeUsedBytes: 0, managementLost: false, isolation: 'users', limitsUnenforced: null, rootEnabled: false, observedAt: NOW.toISOString(), ...over,
});

/** A built instance whose agent reported a second ago that all is well. */
export const input = (over: Partial<StatusInput> = {}): StatusInput => ({
  now: NOW, intent: 'RUNNING', task: null, prepared: true, released: false, deleted: false, fault: null, observation: observed(), observedAt: ago(1_000),
  agentConnected: true, agentSeenAt: ago(1_000), agentRefused: null, volumeGb: 1, previous: [], createdAt: ago(3_600_000), ...over,
});
