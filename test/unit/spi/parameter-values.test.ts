import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { canonicalValue, type CanonicalSpec, convert, isUnit, unitNamed } from '../../../strategies/spi/parameter-values.ts';

const spec = (type: CanonicalSpec['type'], more: Partial<CanonicalSpec> = {}): CanonicalSpec => ({ type, unit: null, min: null, max: null, allowed: null, ...more });
const read = (of: CanonicalSpec, written: string | number | boolean): string => {
  const canonical = canonicalValue(of, written);
  return 'problem' in canonical ? `! ${canonical.problem}` : canonical.value;
};

describe('a boolean', () => {
  it.each(['true', 'on', 'YES', ' True ', '1', 1, true])('%j is true', (written) => expect(read(spec('BOOLEAN'), written)).toBe('true'));
  it.each(['false', 'OFF', 'no', '0', 0, false])('%j is false', (written) => expect(read(spec('BOOLEAN'), written)).toBe('false'));
  it.each(['', 'maybe', 2, 'tru'])('%j is none', (written) => expect(read(spec('BOOLEAN'), written)).toBe('! must be true or false'));
});

describe('a choice', () => {
  const words = spec('ENUM', { allowed: ['local', 'on', 'off', 'Replica'] });
  it.each([['local', 'local'], [' LOCAL', 'local'], ['replica', 'Replica'], [true, 'on'], ['true', 'on'], [false, 'off'], ['FALSE', 'off']])('%j is %s', (written, expected) => expect(read(words, written)).toBe(expected));
  it('may be called yes and no, or true and false', () => {
    expect(read(spec('ENUM', { allowed: ['yes', 'no', 'auto'] }), true)).toBe('yes');
    expect(read(spec('ENUM', { allowed: ['true', 'false', 'auto'] }), 'FALSE')).toBe('false');
  });
  it('prefers the one that is spelt just so', () => expect(read(spec('ENUM', { allowed: ['kB', 'KB'] }), 'KB')).toBe('KB'));
  it.each(['remote', '', 3])('%j is none of them', (written) => expect(read(words, written)).toBe('! must be one of local, on, off, Replica'));
  it('of none but words is not a boolean', () => expect(read(spec('ENUM', { allowed: ['local'] }), true)).toBe('! must be one of local'));
});

describe('a size or a time', () => {
  it.each([['64MB', '8kB', '8192'], ['64 mb', '8kB', '8192'], ['64MiB', 'kB', '65536'], ['64M', 'B', '67108864'], ['1g', 'MB', '1024'], ['1.5GB', '8kB', '196608'], ['1TB', 'GB', '1024'], ['1t', '16MB', '65536'], ['512', '8kB', '512'],
    ['16bytes', 'B', '16'], ['30s', 'ms', '30000'], ['1.1s', 'ms', '1100'], ['1min', 's', '60'], ['90 sec', 's', '90'], ['2h', 'min', '120'], ['1d', 'h', '24'], ['250us', 'us', '250'], ['250\u00b5s', 'us', '250'], ['250\u03bcs', 'us', '250'],
    ['-1', 'ms', '-1'], ['0.1min', 's', '6']])('%s counted in %s is %s', (written, unit, expected) => expect(read(spec('INTEGER', { unit }), written)).toBe(expected));
  it.each([['64MB', 'ms'], ['30s', 'kB'], ['64MB', null], ['1kB', 'MB'], ['64QB', 'kB'], ['5constructor', 'kB'], ['MB', 'kB'], ['1e3MB', 'kB'], ['64MB64MB', 'kB']])('%s counted in %s is none', (written, unit) =>
    expect(read(spec('INTEGER', { unit }), written)).toMatch(/^! must be a whole number/));
  it('says what would be right', () => {
    expect(read(spec('INTEGER', { unit: '8kB', min: 16, max: 1000 }), '1s')).toBe('! must be a whole number of 8kB from 16 to 1000, or a size such as 64MB');
    expect(read(spec('NUMBER', { unit: 'ms', min: 0 }), 'x')).toBe('! must be a number of ms of at least 0, or a time such as 30s');
    expect(read(spec('NUMBER', { max: 1 }), '2')).toBe('! must be a number of at most 1');
  });
  it('in any spelling is the same', () => {
    const spellings: [string[], string][] = [[['k', 'K', 'kb', 'KB', 'KiB', 'kB'], 'kB'], [['m', 'M', 'mb', 'MIB'], 'MB'], [['g', 'GIB', 'Gb'], 'GB'], [['T', 'TIB', 'tb'], 'TB'], [['b', 'BYTES', 'B'], 'B'], [['MS', 'ms'], 'ms'], [['S', 'Sec'], 's'], [['MIN'], 'min'], [['H'], 'h'], [['D'], 'd'], [['US'], 'us']];
    for (const [written, unit] of spellings) for (const one of written) expect([one, unitNamed(one)]).toEqual([one, unit]);
  });
  it('is converted there and back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), fc.constantFrom('B', 'kB', '8kB', 'MB', 'GB'), fc.constantFrom('B', 'kB', '16MB'), (count, from, to) =>
      Math.abs(convert(convert(count, from, to)!, to, from)! - count) <= count * 1e-12));
  });
});

describe('a unit that a catalogue may say', () => {
  it.each(['B', 'kB', '8kB', '16MB', 'ms', '10s', 'd'])('%s is one', (unit) => expect(isUnit(unit)).toBe(true));
  it.each(['', '8', 'KB', 'parsecs', '0kB', '-1kB', '8 kB', 'constructor', 'toString'])('%j is none', (unit) => expect(isUnit(unit)).toBe(false));
});

describe('a number', () => {
  const bounded = spec('INTEGER', { min: -1, max: 10 });
  it.each([[-1, '-1'], [10, '10'], ['+5', '5'], ['5.', '5'], ['-0', '0'], ['1e1', '10'], [' 7 ', '7']])('%j is %s', (written, expected) => expect(read(bounded, written)).toBe(expected));
  it.each([-2, 11, 0.5, '', ' ', 'NaN', 'Infinity', NaN, Infinity, '0x10', '1e999', true, '1,0', '5 5'])('%j is out of bounds or none', (written) => expect(read(bounded, written)).toBe('! must be a whole number from -1 to 10'));
  it('of 64 bits keeps its last digits', () => {
    expect(read(spec('INTEGER', { min: 0, max: 2 ** 64 }), '18446744073709547520')).toBe('18446744073709547520');
    expect(read(spec('INTEGER'), '-9223372036854775807')).toBe('-9223372036854775807');
    expect(read(spec('INTEGER'), '+0009223372036854775807')).toBe('9223372036854775807');
  });
  it('is written without an exponent', () => {
    expect(read(spec('NUMBER'), 1e21)).toBe('1000000000000000000000');
    expect(read(spec('NUMBER'), '1.5e-7')).toBe('0.00000015');
    expect(read(spec('NUMBER'), 1e-30)).toBe('0.000000000000000000000000000001');
    expect(read(spec('NUMBER'), -1.25e22)).toBe('-12500000000000000000000');
    expect(read(spec('NUMBER'), Number.MAX_VALUE)).toBe(`17976931348623157${'0'.repeat(292)}`);
    expect([read(spec('NUMBER'), 1e-100), read(spec('NUMBER'), -Number.MIN_VALUE)]).toEqual([`0.${'0'.repeat(99)}1`, '0']);
  });
  it('is written without what knows every language: that would cost each agent 8 MiB', () => {
    const asked = vi.spyOn(Number.prototype, 'toLocaleString');
    onTestFinished(() => asked.mockRestore());
    for (const value of [1e21, 1e-7, 1e-300]) read(spec('NUMBER', { max: 1e30 }), value);
    expect(asked).not.toHaveBeenCalled();
  });
});

describe('whatever is written', () => {
  const anySpec = fc.record({
    type: fc.constantFrom('BOOLEAN' as const, 'INTEGER' as const, 'NUMBER' as const, 'STRING' as const, 'ENUM' as const), unit: fc.option(fc.constantFrom('B', '8kB', 'MB', 'us', 'ms', 's', 'min')),
    min: fc.option(fc.integer({ min: -10, max: 10 })), max: fc.option(fc.integer({ min: 11 })), allowed: fc.option(fc.constantFrom(['on', 'off'], ['a', 'B', 'b'], ['1', '2'], ['true', 'false', 'auto'], ['yes', 'no'])),
  });
  const anyText = fc.oneof(fc.string(), fc.constantFrom('on', 'off', 'yes', 'true', '1', 'a', 'B'), fc.tuple(fc.double(), fc.constantFrom('', 'kB', 'MB', 'ms', ' s', 'min')).map((parts) => parts.join('')));
  it('canonical of canonical is itself, and is within the bounds', () => {
    fc.assert(fc.property(anySpec, fc.oneof(anyText, fc.double(), fc.integer(), fc.boolean()), (of, written) => {
      const canonical = canonicalValue(of, written);
      if ('problem' in canonical) return;
      expect(canonicalValue(of, canonical.value)).toEqual(canonical);
      if (of.type !== 'INTEGER' && of.type !== 'NUMBER') return;
      expect(canonical.value).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(canonical.value)).toSatisfy((value: number) => (of.min === null || value >= of.min) && (of.max === null || value <= of.max));
      if (of.type === 'INTEGER') expect(canonical.value).toMatch(/^-?\d+$/);
    }), { numRuns: 5_000 });
  });
  it('a text is itself', () => { fc.assert(fc.property(fc.string(), (text) => read(spec('STRING'), text) === text)); });
});
