import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contactOf, deriveStatus, type StatusInput } from '../../../gateway/domain/instance/status.ts';
import { NOW, observed } from './observed.ts';

const engine = fc.constantFrom('ok', 'starting', 'down', 'hung', 'crash-loop', 'unknown' as const);
const kinds = ['instance.create', 'instance.delete', 'instance.start', 'instance.stop', 'instance.restart', 'instance.reset', 'engine.command'];
const anyInput: fc.Arbitrary<StatusInput> = fc.record({
  now: fc.constant(NOW), intent: fc.constantFrom('RUNNING', 'STOPPED' as const), task: fc.option(fc.record({ kind: fc.constantFrom(...kinds) })),
  prepared: fc.boolean(), released: fc.boolean(), deleted: fc.boolean(), fault: fc.option(fc.record({ code: fc.constant('X.Y'), message: fc.string() })),
  observation: fc.option(fc.record({ engine, prepared: fc.boolean(), managementLost: fc.boolean(), logTail: fc.array(fc.string()), volumeUsedBytes: fc.option(fc.nat(2 ** 31)) }).map(observed), { freq: 8 }),
  observedAt: fc.constant(null), agentConnected: fc.boolean(),
  agentSeenAt: fc.option(fc.integer({ min: -1_000, max: 90_000 }).map((ms) => new Date(NOW.getTime() - ms)), { freq: 8 }),
  agentRefused: fc.option(fc.constant('BuildMismatch: no')), volumeGb: fc.constant(1), previous: fc.constant([]), createdAt: fc.constant(NOW),
});
const holds = (property: (given: StatusInput, derived: ReturnType<typeof deriveStatus>) => void): void =>
  fc.assert(fc.property(anyInput, (given) => property(given, deriveStatus(given))), { numRuns: 3_000 });

describe('for every input', () => {
  it('ACTIVE only with a fresh report of a prepared engine that answered', () => holds((given, { status }) => {
    if (status !== 'ACTIVE') return;
    expect(given.observation).toMatchObject({ engine: 'ok', prepared: true });
    expect({ prepared: given.prepared, released: given.released, deleted: given.deleted, contact: contactOf(given) }).toEqual({ prepared: true, released: false, deleted: false, contact: 'fresh' });
  }));
  it('STOPPED only with a fresh report of an engine that is not answering', () => holds((given, { status }) => {
    if (status !== 'STOPPED') return;
    expect(contactOf(given)).toBe('fresh');
    expect(['down', 'starting', 'crash-loop']).toContain(given.observation?.engine);
  }));
  it('a fault never changes a status but ERROR\'s words', () => holds((given, derived) => {
    const without = deriveStatus({ ...given, fault: null });
    expect(derived.status).toBe(without.status);
    if (derived.status !== 'ERROR') expect(derived.conditions).toEqual(without.conditions);
  }));
  it('whatever is not well says why', () => holds((_given, { status, conditions }) => {
    if (['UNHEALTHY', 'UNKNOWN', 'ERROR'].includes(status)) expect(conditions.length).toBeGreaterThan(0);
  }));
  it('no condition type comes twice, and deriving again changes nothing', () => holds((given, derived) => {
    expect(new Set(derived.conditions.map((c) => c.type)).size).toBe(derived.conditions.length);
    const again = deriveStatus({ ...given, now: NOW, previous: derived.conditions });
    // A volume just below a limit may stay "nearly full" once it is, which is what keeps it from fluttering.
    if (given.observation?.volumeUsedBytes === null) expect(again).toEqual(derived);
  }));
});
