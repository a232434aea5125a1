/** What every built-in engine says of values that do not go together: whoever shows it puts the parameter's name first. */
import { describe, expect, it } from 'vitest';
import { builtIn } from '../../../strategies/datastores/built-in.ts';
import { blaming, ordered } from '../../../strategies/spi/combinations.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';

const size = { flavor: { vcpus: 2, memoryMb: 1024 }, volumeGb: 1 };
/** Where there is no bound. */
const huge = String(10 ** 15);
const texts = ['', 'a\0b', 'OFF', 'nothing,evil', 'latin1_bin', 'latin1', 'normal 1kb 0 0', '+99:00', 'x'.repeat(5_000)];

function extremes({ type, min, max, allowed, default: own }: ParameterSpec): string[] {
  if (type === 'BOOLEAN') return ['true', 'false'];
  if (allowed) return [...allowed];
  if (type === 'STRING') return texts;
  return [...new Set([String(min ?? 0), '1', ...(type === 'NUMBER' ? ['0.0000001'] : []), String(Math.round(Number(own ?? 8) / 2)), String(Number(own ?? 8) * 4), String(max ?? huge)])];
}

describe.each(Object.keys(builtIn))('combinations of %s', (name) => {
  it('are told without the name of the parameter, which comes first', async () => {
    const { manifest, control } = (await builtIn[name]!()).default;
    let told = 0;
    for (const { name: track } of manifest.tracks) {
      const catalogue = await control.parameters!({ track });
      const settable = catalogue.filter(({ owned }) => owned === undefined);
      const names = new Set(catalogue.map((spec) => spec.name));
      const sizing = await control.size({ ...size, track });
      const all = (at: number): Record<string, string> => Object.fromEntries(settable.map((spec) => [spec.name, extremes(spec).at(at) ?? '']));
      const groups = [...settable.flatMap((spec) => extremes(spec).map((value) => ({ [spec.name]: value }))), all(0), all(-1)];
      for (const parameters of groups) {
        for (const { path, message } of await control.checkParameters!({ ...size, track, sizing, parameters })) {
          told += 1;
          // After a colon values are told, and whose they are.
          const [ending = ''] = message.split(': ');
          expect(ending.split(/[\s,]+/), `${path.join('.')} ${message}`).not.toContain(path[0]);
          expect(names.has(message.split(' ')[0]!), `${path.join('.')} ${message}`).toBe(false);
        }
      }
    }
    expect(told).toBeGreaterThan(20);
  });
});

describe('what is told of several', () => {
  const told = (group: Record<string, string>, isStrict?: boolean) => {
    const issues: Parameters<typeof blaming>[1] = [];
    blaming(group, issues)(['a', 'b'], ordered('a', 'b', '2 is too much', isStrict));
    return issues;
  };
  it('is told once, of the first that the group sets, from where it stands', () => {
    expect(told({ b: '1', a: '2' })).toEqual([{ path: ['a'], message: 'must not be above b: 2 is too much' }]);
    expect(told({ b: '1' })).toEqual([{ path: ['b'], message: 'must not be below a: 2 is too much' }]);
    expect([told({ a: '2' }, true), told({ b: '2' }, true)].flat().map(({ message }) => message)).toEqual(['must be below b: 2 is too much', 'must be above a: 2 is too much']);
    expect(told({ c: '1' })).toEqual([]);
  });
});
