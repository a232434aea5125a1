import { describe, expect, it } from 'vitest';
import { deriveStatus, DISCONNECT_GRACE_MS, isSameStatus, STALE_AFTER_MS, type StatusInput } from '../../../gateway/domain/instance/status.ts';
import type { EngineState } from '../../../gateway/domain/instance/observation.ts';
import { ago, input, NOW, observed } from './observed.ts';

const GIB = 1024 ** 3;
/** "STATUS Type/Reason, …" */
const told = (over: Partial<StatusInput>): string => {
  const { status, conditions } = deriveStatus(input(over));
  return [status, conditions.map((c) => `${c.type}/${c.reason}${c.status === 'TRUE' ? '' : `(${c.status})`}`).join(', ')].join(' ').trim();
};
const engine = (state: EngineState): StatusInput['observation'] => observed({ engine: state });
const fault = { code: 'ENGINE.FAILED_TO_START', message: 'no' };

describe('what is observed with no operation running', () => {
  const table: [intent: 'RUNNING' | 'STOPPED', state: EngineState, expected: string][] = [
    ['RUNNING', 'ok', 'ACTIVE'],
    ['RUNNING', 'starting', 'UNHEALTHY EngineUnavailable/EngineStarting'],
    ['RUNNING', 'down', 'UNHEALTHY EngineUnavailable/EngineDown'],
    ['RUNNING', 'hung', 'UNHEALTHY EngineUnavailable/EngineHung'],
    ['RUNNING', 'crash-loop', 'UNHEALTHY EngineUnavailable/CrashLoop'],
    ['RUNNING', 'unknown', 'UNKNOWN EngineUnavailable/EngineUnknown'],
    ['STOPPED', 'ok', 'ACTIVE'],
    ['STOPPED', 'starting', 'UNHEALTHY EngineUnavailable/EngineStarting'],
    ['STOPPED', 'down', 'STOPPED'],
    ['STOPPED', 'hung', 'UNHEALTHY EngineUnavailable/EngineHung'],
    ['STOPPED', 'crash-loop', 'STOPPED'],
    ['STOPPED', 'unknown', 'UNKNOWN EngineUnavailable/EngineUnknown'],
  ];
  it.each(table)('wanted %s, engine %s: %s', (intent, state, expected) => {
    expect(told({ intent, observation: engine(state) })).toBe(expected);
    // The fault of the last operation changes none of it.
    expect(told({ intent, observation: engine(state), fault })).toBe(expected);
  });
});

describe('what is observed while an operation takes the engine down on purpose', () => {
  it.each(['instance.start', 'instance.stop', 'instance.restart', 'instance.reset'])('%s: down and starting are STOPPED, with a condition', (kind) => {
    expect(told({ task: { kind }, observation: engine('down') })).toBe('STOPPED EngineUnavailable/EngineStopped');
    expect(told({ task: { kind }, observation: engine('starting') })).toBe('STOPPED EngineUnavailable/EngineStarting');
    expect(told({ task: { kind }, observation: engine('ok') })).toBe('ACTIVE');
    expect(told({ task: { kind }, observation: engine('hung') })).toBe('UNHEALTHY EngineUnavailable/EngineHung');
    expect(told({ task: { kind }, observation: engine('crash-loop') })).toBe('UNHEALTHY EngineUnavailable/CrashLoop');
  });
  it('an operation that only talks to the engine excuses nothing', () => {
    expect(told({ task: { kind: 'engine.command' }, observation: engine('down') })).toBe('UNHEALTHY EngineUnavailable/EngineDown');
  });
});

describe('before and after there is an instance', () => {
  it('is BUILDING while the create runs, whatever is observed', () => {
    const task = { kind: 'instance.create' };
    for (const state of ['ok', 'starting', 'down', 'hung', 'crash-loop', 'unknown'] as const) {
      for (const prepared of [true, false]) expect(told({ task, prepared, observation: engine(state) })).toBe('BUILDING');
    }
    expect(told({ task, prepared: false, observation: null, agentSeenAt: null, agentConnected: false })).toBe('BUILDING');
  });
  it('is ERROR with the fault when the create failed', () => {
    const { status, conditions } = deriveStatus(input({ prepared: false, fault, observation: null, agentSeenAt: null, agentConnected: false }));
    expect({ status, conditions }).toEqual({ status: 'ERROR', conditions: [{ type: 'CreateFailed', status: 'TRUE', reason: 'EngineFailedToStart', message: 'no', since: NOW.toISOString() }] });
    expect(told({ prepared: true, released: true })).toBe('ERROR CreateFailed/Unfinished');
  });
  it('is DELETING while the delete runs and when it is done', () => {
    expect(told({ task: { kind: 'instance.delete' } })).toBe('DELETING');
    expect(told({ task: { kind: 'instance.delete' }, prepared: false })).toBe('DELETING');
    expect(told({ deleted: true, observation: null })).toBe('DELETING');
  });
  it('a delete that failed shows what is there', () => {
    expect(told({ fault })).toBe('ACTIVE');
    expect(told({ fault, agentConnected: false, agentSeenAt: ago(60_000) })).toBe('UNKNOWN AgentUnreachable/Disconnected');
  });
});

describe('missing or old data', () => {
  it('an agent that went is UNKNOWN after the grace, not before', () => {
    expect(told({ agentConnected: false, agentSeenAt: ago(DISCONNECT_GRACE_MS) })).toBe('ACTIVE');
    expect(told({ agentConnected: false, agentSeenAt: ago(DISCONNECT_GRACE_MS + 1) })).toBe('UNKNOWN AgentUnreachable/Disconnected');
  });
  it('a connection without reports is UNKNOWN', () => {
    expect(told({ agentSeenAt: ago(STALE_AFTER_MS) })).toBe('ACTIVE');
    expect(told({ agentSeenAt: ago(STALE_AFTER_MS + 1) })).toBe('UNKNOWN AgentUnreachable/Silent');
    expect(told({ agentSeenAt: null })).toBe('UNKNOWN AgentUnreachable/NoReport');
    expect(told({ observation: null })).toBe('UNKNOWN AgentUnreachable/NoReport');
  });
  it('a stopped instance without an agent is UNKNOWN as well', () => {
    expect(told({ intent: 'STOPPED', observation: engine('down'), agentConnected: false, agentSeenAt: ago(5_000) })).toBe('UNKNOWN AgentUnreachable/Disconnected');
  });
  it('a refused agent is told with its reason', () => {
    expect(told({ agentRefused: 'BuildMismatch: wrong build', agentConnected: false, agentSeenAt: ago(5_000) })).toBe('UNKNOWN AgentRefused/BuildMismatch, AgentUnreachable/Disconnected');
  });
  it('an engine whose data have vanished is not well', () => {
    expect(told({ observation: observed({ prepared: false }) })).toBe('UNHEALTHY EngineUnavailable/DataMissing');
  });
});

describe('conditions', () => {
  it('a crash loop carries the engine\'s last words', () => {
    const { conditions } = deriveStatus(input({ observation: observed({ engine: 'crash-loop', crashes: 5, detail: 'exit 1', logTail: ['a', 'b', 'c', 'd', 'e', 'FATAL: no room'] }) }));
    expect(conditions[0]?.message).toBe('The engine ended 5 times shortly after its start. exit 1\nb\nc\nd\ne\nFATAL: no room');
  });
  it('how the guest is kept is always told', () => {
    const observation = observed({ isolation: 'shared', limitsUnenforced: 'no cgroup' });
    expect(told({ observation })).toBe('ACTIVE IsolationShared/OneUser, LimitsUnenforced/NotPermitted');
    expect(told({ observation, agentConnected: false, agentSeenAt: ago(9_000) })).toBe('UNKNOWN AgentUnreachable/Disconnected, IsolationShared/OneUser, LimitsUnenforced/NotPermitted');
  });
  it('lost management is told, and unknown once the agent is away', () => {
    const observation = observed({ managementLost: true });
    expect(told({ observation })).toBe('ACTIVE ManagementLost/LoginRefused');
    expect(told({ observation, agentConnected: false, agentSeenAt: ago(9_000) })).toBe('UNKNOWN AgentUnreachable/Disconnected, ManagementLost/LoginRefused(UNKNOWN)');
  });
  it('a volume that fills up is told, and does not flutter', () => {
    const at = (share: number): StatusInput['observation'] => observed({ volumeUsedBytes: share * GIB });
    const nearly = [{ type: 'VolumeNearlyFull', status: 'TRUE', reason: 'Used', message: '', since: '' } as const];
    expect(told({ observation: at(0.84) })).toBe('ACTIVE');
    expect(told({ observation: at(0.85) })).toBe('ACTIVE VolumeNearlyFull/Used');
    expect(told({ observation: at(0.83), previous: nearly })).toBe('ACTIVE VolumeNearlyFull/Used');
    expect(told({ observation: at(0.81), previous: nearly })).toBe('ACTIVE');
    expect(told({ observation: at(0.96) })).toBe('ACTIVE VolumeFull/Used');
    expect(told({ observation: observed({ volumeUsedBytes: null }) })).toBe('ACTIVE');
  });
  it('a volume that should grow by itself and cannot is told, with the reason', () => {
    const observation = observed({ volumeUsedBytes: 0.5 * GIB });
    const rule = { thresholdPercent: 50, stepGb: 1, maxGb: 1, coolDownSeconds: 60 };
    expect(told({ observation, volumeAutoscaling: rule })).toBe('ACTIVE VolumeCannotGrow/CeilingReached');
    expect(told({ observation, volumeAutoscaling: { ...rule, thresholdPercent: 51 } })).toBe('ACTIVE');
    expect(told({ observation, volumeAutoscaling: { ...rule, maxGb: 2 } })).toBe('ACTIVE');
    expect(told({ observation, volumeAutoscaling: { ...rule, maxGb: 2, refused: 'no room' } })).toBe('ACTIVE VolumeCannotGrow/Refused');
    expect(told({ observation: observed({ volumeUsedBytes: null }), volumeAutoscaling: rule })).toBe('ACTIVE');
  });
  it('what the engine runs with is told as it was read, and goes with it', () => {
    const sight = { applied: 'cfg_1/2', restartRequired: [], drifted: [], rejected: null };
    expect(told({ observation: observed({ configuration: sight }) })).toBe('ACTIVE');
    expect(told({ observation: observed({ configuration: null }) })).toBe('ACTIVE');
    const observation = observed({ configuration: { ...sight, restartRequired: ['a', 'b'], drifted: ['c'], rejected: { group: 'cfg_1/2', reason: 'FATAL: no' } } });
    expect(told({ observation })).toBe('ACTIVE ConfigurationDrifted/ChangedByHand, ConfigurationRejected/EngineDidNotStart, RestartRequired/ParametersWaitForRestart');
    expect(told({ observation, agentConnected: false, agentSeenAt: ago(9_000) })).toContain('RestartRequired/ParametersWaitForRestart(UNKNOWN)');
    const { conditions } = deriveStatus(input({ observation }));
    expect(conditions.map(({ message }) => message)).toEqual([expect.stringContaining('c'), expect.stringMatching(/revision 2 of configuration cfg_1, .*FATAL: no/), expect.stringContaining('a, b wait')]);
    // One from an operation of an earlier release is not carried along.
    expect(deriveStatus(input({ observation: observed({ configuration: sight }), previous: conditions })).conditions).toEqual([]);
  });
  it('files that hold another group than they are to hold are told, unless that is being changed or was given up', () => {
    const sight = { applied: 'cfg_1/2', restartRequired: [], drifted: ['c'], rejected: null };
    const observation = observed({ configuration: sight });
    expect(told({ observation, group: 'cfg_1/2' })).toBe('ACTIVE ConfigurationDrifted/ChangedByHand');
    expect(told({ observation, group: 'cfg_1/1' })).toBe('ACTIVE ConfigurationDrifted/GroupDiffers');
    expect(told({ observation: observed({ configuration: { ...sight, drifted: [], applied: null } }), group: '' })).toBe('ACTIVE');
    expect(told({ observation, group: '', task: { kind: 'instance.configure' } })).toBe('ACTIVE ConfigurationDrifted/ChangedByHand');
    expect(told({ observation: observed({ configuration: { ...sight, rejected: { group: 'cfg_1/3', reason: 'no' } } }), group: 'cfg_1/3' })).toContain('ConfigurationRejected');
    const messageOf = (group: string): string => deriveStatus(input({ observation, group })).conditions[0]!.message;
    expect(deriveStatus(input({ observation: observed({ configuration: { ...sight, rejected: { group: '', reason: 'FATAL' } } }), group: '' })).conditions.at(-1)!.message).toBe('The engine did not start with the values of its flavor alone, and runs with the values from before: FATAL');
    expect(messageOf('')).toMatch(/hold the values of revision 2 of configuration cfg_1, and are to hold those of its flavor alone.*Detach/);
    expect(messageOf('cfg_2/1')).toMatch(/those of revision 1 of configuration cfg_2.*Attach/);
  });
  it('a newer build is told whoever is silent, of an instance that there is', () => {
    const offer = { datastore: 'redis', track: '8', id: 'redis-8.0.10-1', version: '8.0.10', canUpgrade: true };
    expect(told({ offer })).toBe('ACTIVE NewerBuild/Installed');
    expect(told({ offer, observation: engine('down') })).toBe('UNHEALTHY EngineUnavailable/EngineDown, NewerBuild/Installed');
    expect(told({ offer, agentConnected: false, agentSeenAt: ago(DISCONNECT_GRACE_MS + 1) })).toBe('UNKNOWN AgentUnreachable/Disconnected, NewerBuild/Installed');
    expect(told({ offer, task: { kind: 'instance.create' } })).toBe('BUILDING');
    expect(told({ offer, deleted: true })).toBe('DELETING');
    const message = (canUpgrade: boolean): string => deriveStatus(input({ offer: { ...offer, canUpgrade } })).conditions[0]!.message;
    expect(message(true)).toBe('redis 8 is installed in a newer build: 8.0.10 (redis-8.0.10-1). Upgrade the instance with the version that it has to bring it there.');
    expect(message(false)).toMatch(/redis has no upgrades: new instances have it/);
  });
  it('since stays while type, status and reason do', () => {
    const first = deriveStatus(input({ observation: engine('down') }));
    const later = deriveStatus(input({ now: new Date(NOW.getTime() + 5_000), observation: observed({ engine: 'down', detail: 'again' }), previous: first.conditions }));
    expect(later.conditions[0]).toMatchObject({ since: NOW.toISOString(), message: expect.stringContaining('again') as string });
    const hung = deriveStatus(input({ now: new Date(NOW.getTime() + 5_000), observation: engine('hung'), previous: first.conditions }));
    expect(hung.conditions[0]?.since).toBe('2026-11-20T12:00:05.000Z');
  });
  it('conditions of others are carried along', () => {
    const previous = [{ type: 'Elsewhere', status: 'TRUE', reason: 'Parameter', message: 'x', since: '2026-01-01T00:00:00.000Z' } as const];
    expect(deriveStatus(input({ previous })).conditions).toEqual(previous);
  });
  it('the same again is the same, key order aside', () => {
    const first = deriveStatus(input({ observation: engine('down') }));
    const shuffled = first.conditions.map((c) => Object.fromEntries(Object.entries(c).reverse()) as unknown as typeof c);
    expect(isSameStatus({ status: first.status, conditions: shuffled }, deriveStatus(input({ observation: engine('down'), previous: shuffled })))).toBe(true);
    expect(isSameStatus({ status: 'ACTIVE', conditions: shuffled }, first)).toBe(false);
  });
});
