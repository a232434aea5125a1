import { describe, expect, it } from 'vitest';
import { differences, renderCatalogue } from '../../../scripts/catalogue/render.ts';
import { withOverlay } from '../../../strategies/spi/parameter-overlay.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';

const spec = (name: string, more: Partial<ParameterSpec> = {}): ParameterSpec =>
  ({ description: 'Does it.', name, type: 'INTEGER', unit: null, default: '1', min: 0, max: 9, allowed: null, apply: 'LIVE', ...more });

describe('an overlay', () => {
  it('adds to what the engine tells, by name', () => {
    const [found] = withOverlay([spec('port')], { parameters: { port: { owned: 'It is ours.', warning: 'Mind it.', min: 1, default: null } } });
    expect(found).toEqual({ ...spec('port'), owned: 'It is ours.', warning: 'Mind it.', min: 1, default: null });
  });
  it('knows whole families, and single members of them better', () => {
    const found = withOverlay([spec('tls_key'), spec('tls_file'), spec('mtls')], { owned: [{ names: /^tls_/, because: 'Keys are ours.' }], parameters: { tls_file: { owned: 'Files are ours.' } } });
    expect(Object.fromEntries(found.map(({ name, owned }) => [name, owned]))).toEqual({ mtls: undefined, tls_file: 'Files are ours.', tls_key: 'Keys are ours.' });
  });
  it('keeps what the engine half says by itself, and passes over what a track does not have', () => {
    expect(withOverlay([spec('a', { owned: 'Not for you.' })], { parameters: { b: { warning: 'x' }, toString: { warning: 'x' } } })).toEqual([spec('a', { owned: 'Not for you.' })]);
  });
  it('makes one order of names and fields, whatever the engine\'s', () => {
    const found = withOverlay([spec('b', { warning: 'w', owned: 'o' }), spec('B'), spec('a')], { parameters: {} });
    expect(found.map(({ name }) => name)).toEqual(['B', 'a', 'b']);
    expect(Object.keys(found[2] ?? {})).toEqual(['name', 'type', 'unit', 'default', 'min', 'max', 'allowed', 'apply', 'description', 'owned', 'warning']);
    expect(Object.keys(found[0] ?? {})).not.toContain('owned');
  });
});

describe('the file', () => {
  it('has one parameter a line and is read back as it was', () => {
    const catalogue = [spec('a'), spec('b', { description: 'Two\nlines' })];
    expect(renderCatalogue(catalogue).split('\n')).toHaveLength(2 + 2 + 1);
    expect(JSON.parse(renderCatalogue(catalogue))).toEqual(catalogue);
  });
  it('is compared by name: gone, new and otherwise', () => {
    const told = (one: ParameterSpec): string => JSON.stringify(one);
    expect(differences([spec('a'), spec('gone'), spec('same')], [spec('a', { max: 10 }), spec('same'), spec('new')])).toEqual([
      `- ${told(spec('a'))}\n+ ${told(spec('a', { max: 10 }))}`, `- ${told(spec('gone'))}`, `+ ${told(spec('new'))}`,
    ]);
    expect(differences([spec('a')], [spec('a')])).toEqual([]);
  });
});
