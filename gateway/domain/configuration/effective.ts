/** Per parameter: what the engine has, where that comes from, and what it should be. Pure. */
import { canonicalText } from '../../../strategies/spi/parameter-values.ts';
import type { LiveParameter, ParameterSpec } from '../../../strategies/spi/parameters.ts';

/** Each wins over those before it; HAND: somebody changed it in the engine itself. */
export type ValueSource = 'DEFAULT' | 'FLAVOR' | 'GROUP' | 'COFFER' | 'HAND';
export interface EffectiveParameter {
  name: string;
  /** what the engine runs with; what it should have where it was not read; null: not known */
  value: string | null;
  source: ValueSource;
  /** by flavor, group and default; null: not known, or Coffer's own */
  wanted: string | null;
  /** what the next start will take, where that is another */
  pending: string | null;
  drifted: boolean;
}
export interface EffectiveInput {
  /** in the engine's own text, as `ControlHalf.size` answers */
  sizing: Readonly<Record<string, string>>;
  /** evaluated for this instance; null: it has none */
  group: Readonly<Record<string, string>> | null;
  /** null: the engine was not read */
  live: readonly LiveParameter[] | null;
  /** names that the agent saw changed by hand; left out: only what flavor and group say is compared */
  drifted?: readonly string[];
}

export function effectiveParameters(catalogue: readonly ParameterSpec[], input: EffectiveInput): EffectiveParameter[] {
  const present = new Map((input.live ?? []).map((parameter) => [parameter.name, parameter]));
  const reported = input.drifted === undefined ? null : new Set(input.drifted);
  return catalogue.map((spec) => {
    const live = present.get(spec.name);
    const { source, wanted } = wantedOf(spec, input);
    const drifted = reported ? reported.has(spec.name) : live !== undefined && isDrifted(spec, source, wanted, live);
    return { name: spec.name, value: live ? canonicalText(spec, live.value) : wanted, source: drifted ? 'HAND' : source, wanted, pending: live?.pending ?? null, drifted };
  });
}

function wantedOf(spec: ParameterSpec, { sizing, group }: EffectiveInput): { source: ValueSource; wanted: string | null } {
  if (spec.owned !== undefined) return { source: 'COFFER', wanted: null };
  if (group && Object.hasOwn(group, spec.name)) return { source: 'GROUP', wanted: group[spec.name]! };
  if (Object.hasOwn(sizing, spec.name)) return { source: 'FLAVOR', wanted: canonicalText(spec, sizing[spec.name]!) };
  return { source: 'DEFAULT', wanted: spec.default };
}

/**
 * A value that waits for a restart is none that was changed by hand; one that could be taken at once is. What only a start takes
 * and does not wait is what the engine made of it, or what its data were made with. Of a default it cannot be told: plugins have
 * usual values of their own, which only the agent knows.
 */
function isDrifted(spec: ParameterSpec, source: ValueSource, wanted: string | null, live: LiveParameter): boolean {
  if (wanted === null || (source !== 'FLAVOR' && source !== 'GROUP')) return false;
  if (spec.apply !== 'LIVE' && live.pending === null) return false;
  const [value, next] = [canonicalText(spec, live.value), canonicalText(spec, live.pending ?? live.value)];
  return next !== wanted || (spec.apply === 'LIVE' && value !== wanted);
}
