import { expect, it } from 'vitest';
import { importedValues } from '../../../../gateway/domain/configuration/import-values.ts';
import type { ParameterSpec } from '../../../../strategies/spi/parameters.ts';

const spec = (name: string, more: Partial<ParameterSpec> = {}): ParameterSpec =>
  ({ name, type: 'INTEGER', unit: null, default: '1', min: null, max: null, allowed: null, apply: 'LIVE', description: name, ...more });
const of = (specs: ParameterSpec[], values: Record<string, string>, more: { sizing?: Record<string, string>; group?: Record<string, string>; pending?: Record<string, string> } = {}) =>
  importedValues(specs, {
    parameters: Object.entries(values).map(([name, value]) => ({ name, value, pending: more.pending?.[name] ?? null })), sizing: more.sizing ?? {}, group: more.group ?? {},
  });

it('what is as usual is none of it: of the engine, and of the flavor, whatever its form', () => {
  expect(of([spec('a'), spec('b', { unit: 'kB' }), spec('c')], { a: '1', b: '5120', c: '2' }, { sizing: { b: '5MB' } })).toEqual([{ name: 'c', value: '2' }]);
});
it('what waits for a restart counts as there', () => {
  expect(of([spec('a')], { a: '1' }, { pending: { a: '7' } })).toEqual([{ name: 'a', value: '7' }]);
});
it('what nobody but Coffer sets, and what is fixed, stays out', () => {
  expect(of([spec('a', { owned: 'ours' }), spec('b', { apply: 'CREATE' })], { a: '2', b: '2' })).toEqual([]);
});
it('what has no known default counts where a group sets it', () => {
  expect(of([spec('a', { default: null }), spec('b', { default: null })], { a: '2', b: '2' }, { group: { b: '2' } })).toEqual([{ name: 'b', value: '2' }]);
});
