/** What makes an instance's engine differ from what one of its flavor has without any group. Pure. */
import type { LiveParameter, ParameterSpec } from '../../../strategies/spi/parameters.ts';
import { isSameValue } from './diff.ts';
import { reasonNotSettable } from './values.ts';

export interface Live { parameters: LiveParameter[]; sizing: Record<string, string>; group: Record<string, string> }

/** What waits for a restart counts as there. A parameter without a known default counts only where a group set it. */
export function importedValues(catalogue: readonly ParameterSpec[], live: Live): { name: string; value: string }[] {
  const present = new Map(live.parameters.map(({ name, value, pending }) => [name, pending ?? value]));
  return catalogue.flatMap((spec) => {
    const { name } = spec;
    const value = present.get(name);
    if (value === undefined || reasonNotSettable(spec) !== null) return [];
    const usual = live.sizing[name] ?? spec.default;
    const isOwn = live.group[name] !== undefined || (usual !== null && !isSameValue(spec, value, usual));
    return isOwn ? [{ name, value }] : [];
  });
}
