import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffValues, diffWithLive } from '../../../../gateway/domain/configuration/diff.ts';
import { effectiveParameters } from '../../../../gateway/domain/configuration/effective.ts';
import { nearNames } from '../../../../gateway/domain/configuration/near-names.ts';
import { evaluateValues, judgeValues, mostValues, sizeProblem, type StoredValue } from '../../../../gateway/domain/configuration/values.ts';
import type { LiveParameter, ParameterSpec } from '../../../../strategies/spi/parameters.ts';
import { catalogue } from '../../../support/parameter-catalogue.ts';

const small = { flavor: { vcpus: 0.5, memoryMb: 512 }, volumeGb: 5 };
const large = { flavor: { vcpus: 2, memoryMb: 4096 }, volumeGb: 100 };
const judge = (name: string, value: unknown, at?: typeof small): string[] => judgeValues(catalogue, [{ name, value }], at).issues.map(({ field, message }) => `${field} ${message}`);
const stored = (name: string, value: unknown): StoredValue => judgeValues(catalogue, [{ name, value }]).values[0]!;

describe('a value of a group', () => {
  it.each<[string, unknown, string]>([
    ['page_cache', '64MB', '8192'], ['page_cache', 16, '16'], ['most_connections', '200', '200'], ['page_cost', 1.1, '1.1'], ['durable', 'off', 'false'], ['durable', true, 'true'], ['commit_mode', false, 'off'], ['time_zone', 'Europe/Vienna', 'Europe/Vienna'],
  ])('%s = %j is kept as %s', (name, value, canonical) => expect(stored(name, value)).toMatchObject({ value: canonical, kind: 'LITERAL' }));
  it('may be a formula, which is kept as it was written', () => {
    expect(stored('page_cache', ' {memoryMb}MB / 4 ')).toEqual({ name: 'page_cache', value: '{memoryMb}MB / 4', kind: 'FORMULA' });
    expect(stored('time_zone', '{memoryMb}')).toEqual({ name: 'time_zone', value: '{memoryMb}', kind: 'LITERAL' });
  });
  it.each<[string, unknown, string]>([
    ['page_cache', '64 parsecs', 'value must be a whole number of 8kB from 16 to 1073741823, or a size such as 64MB'], ['page_cache', 1, 'value must be a whole number of 8kB'], ['page_cache', null, 'value must be a number, true, false or a text'],
    ['page_cache', { a: 1 }, 'value must be a number, true, false or a text'], ['most_connections', '1 +', 'value has a formula that ends'], ['most_connections', '{memoryMb}MB', 'value has a formula with MB, and is a plain number'],
    ['most_connections', '500 * 3', 'value must be a whole number from 1 to 1000, and the formula gives 1500'], ['time_zone', 'UTC\nport = 1', 'value must not contain control characters'], ['time_zone', 'x'.repeat(4097), 'value must be at most 4096'],
    ['port', 5001, 'name cannot be set by a group: Coffer chooses where engines listen.'], ['segment_size', 32, 'name cannot be set by a group: It is fixed when the data are made.'],
    ['page-cahce', 1, 'name is no parameter of this version; did you mean page_cache?'], ['nothing_like_it', 1, 'name is no parameter of this version'], ['constructor', 1, 'name is no parameter of this version'],
  ])('%s = %j is refused', (name, value, words) => {
    expect(judge(name, value)).toEqual([expect.stringContaining(words) as string]);
    expect(judgeValues(catalogue, [{ name, value }]).values).toEqual([]);
  });
  it('is judged for a size where one is told', () => {
    expect(judge('most_connections', '{memoryMb} // 4')).toEqual([]);
    expect(judge('most_connections', '{memoryMb} // 4', small)).toEqual([]);
    expect(judge('most_connections', '{memoryMb} // 4', large)).toEqual(['value must be a whole number from 1 to 1000, and the formula gives 1024 for 2 vCPU, 4096 MB of memory and a volume of 100 GB']);
    expect(judge('most_connections', '1 / ({vcpus} - 2)', large)).toEqual(['value has a formula that divides by zero']);
  });
  it('comes with what a person should know of it', () => {
    expect(stored('durable', false).warning).toBe('The last commits are lost in a crash.');
    expect(stored('page_cache', '{memoryMb} / 4').warning).toBe('The result is counted in 8kB: write {memoryMb}MB for the size that it is.');
    for (const fine of ['{memoryMb}MB / 4', '{vcpus} * 1000', '1000 * 2']) expect([fine, stored('page_cache', fine).warning]).toEqual([fine, undefined]);
    expect(stored('lock_timeout', '{memoryMb} * 2').warning).toBeUndefined();
  });
  it('is told where it stands in what was given', () => {
    const given = [{ name: 'page_cache', value: 1 }, { name: 'page_cost', value: 2 }, { name: 'nope', value: 1 }, { name: 'page_cost', value: 3 }];
    expect(judgeValues(catalogue, given).issues.map(({ index, name, message }) => `${index} ${name} ${message.slice(0, 12)}`)).toEqual(['0 page_cache must be a wh', '2 nope is no parame', '3 page_cost is given twi']);
  });
  it('is one of so many', () => {
    const many = Array.from({ length: mostValues + 1 }, (_, i) => ({ name: `unknown_${i}`, value: 1 }));
    const { issues } = judgeValues(catalogue, many);
    expect(issues[0]).toMatchObject({ index: mostValues, message: 'is one too many: a group has at most 500 values' });
    expect(issues).toHaveLength(mostValues + 1);
  });
  it('takes no more room with the others than an agent has for them', () => {
    const texts = Array.from({ length: 12 }, (_, i): ParameterSpec => ({ name: `text_${i}`, type: 'STRING', unit: null, default: null, min: null, max: null, allowed: null, apply: 'LIVE', description: '' }));
    const { issues, values } = judgeValues(texts, texts.map(({ name }) => ({ name, value: 'x'.repeat(4_000) })));
    expect([values.length, issues.map(({ index, field, message }) => `${index} ${field} ${message}`)]).toEqual([10, [10, 11].map((index) => `${index} value is too much: the values of a group may take 40960 bytes together`)]);
    expect(sizeProblem(values)).toBeNull();
    expect(sizeProblem([...values, { name: 'text_10', value: 'x'.repeat(4_000), kind: 'LITERAL' }])).toMatch(/would take 44\d{3} bytes, and may take 40960/);
  });
  it('that was stored is judged to itself', () => {
    const anyValue = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constantFrom('64MB', '{memoryMb}MB / 4', '1 + 1', 'on', 'local', '3s'));
    fc.assert(fc.property(fc.constantFrom(...catalogue.map(({ name }) => name)), anyValue, (name, value) => {
      const [first] = judgeValues(catalogue, [{ name, value }]).values;
      if (first) expect(judgeValues(catalogue, [{ name, value: first.value }]).values).toEqual([first]);
    }), { numRuns: 2_000 });
  });
});

describe('near names', () => {
  const names = ['shared_buffers', 'temp_buffers', 'wal_buffers', 'max_connections', 'maxmemory-policy', 'TimeZone', 'io.a.b.c'];
  it.each([['shared_bufers', ['shared_buffers']], ['shraed_buffers', ['shared_buffers']], ['sharedbuffers', ['shared_buffers']], ['maxmemory_policy', ['maxmemory-policy']], ['timezone', ['TimeZone']], ['IO-A_B C', ['io.a.b.c']], ['tmp_buffers', ['temp_buffers']], ['x', []], ['', []], ['y'.repeat(1e6), []]])(
    '%s: %j', (name, expected) => expect(nearNames(name, names)).toEqual(expected));
  it('are at most three, the nearest first', () => expect(nearNames('aaaaaaaa', ['aaaaaabb', 'aaaaaaac', 'aaaaaaab', 'aaaaaaaa'])).toEqual(['aaaaaaaa', 'aaaaaaab', 'aaaaaaac']));
});

describe('evaluated for an instance', () => {
  const group = [stored('page_cache', '{memoryMb}MB / 4'), stored('most_connections', 'max(100, {memoryMb} // 4)'), stored('durable', false), stored('page_cost', '{vcpus} / 3')];
  it('its formulas are numbers, whole ones rounded down', () => {
    expect(evaluateValues(catalogue, group, small)).toEqual({ parameters: { page_cache: '16384', most_connections: '128', durable: 'false', page_cost: '0.166666666666667' }, problems: [] });
    expect(evaluateValues(catalogue, [stored('most_connections', '{memoryMb} * 0.123')], small).parameters).toEqual({ most_connections: '62' });
  });
  it('what does not fit it is told, and the others are there', () => {
    const { parameters, problems } = evaluateValues(catalogue, group, large);
    expect(parameters).toMatchObject({ page_cache: '131072', durable: 'false' });
    expect(problems).toEqual([{ name: 'most_connections', message: expect.stringContaining('and the formula gives 1024') as string }]);
  });
  it('is judged by the catalogue that there is now', () => {
    const later = catalogue.filter(({ name }) => name !== 'page_cost').map((spec) => (spec.name === 'durable' ? { ...spec, owned: 'Data are safe.' } : spec));
    expect(evaluateValues(later, group, small).problems).toEqual([{ name: 'durable', message: 'cannot be set by a group: Data are safe.' }, { name: 'page_cost', message: 'is no parameter of this version' }]);
  });
});

describe('the difference', () => {
  it('of two groups is by name', () => {
    expect(diffValues([{ name: 'b', value: '1' }, { name: 'a', value: '1' }, { name: 'same', value: '1' }], [{ name: 'same', value: '1' }, { name: 'b', value: '{memoryMb}' }, { name: 'c', value: '3' }]))
      .toEqual([{ name: 'a', from: '1', to: null }, { name: 'b', from: '1', to: '{memoryMb}' }, { name: 'c', from: null, to: '3' }]);
  });
  it('of a group and what an instance has is of what the group says', () => {
    const live: LiveParameter[] = [{ name: 'page_cache', value: '16384', pending: '8192' }, { name: 'durable', value: 'off', pending: null }, { name: 'page_cost', value: '9', pending: null }];
    expect(diffWithLive(catalogue, { page_cache: '8192', durable: 'false', most_connections: '7' }, live))
      .toEqual([{ name: 'most_connections', from: '7', to: null, pending: null }, { name: 'page_cache', from: '8192', to: '16384', pending: '8192' }]);
  });
});

describe('what is effective', () => {
  const of = (name: string, input: Parameters<typeof effectiveParameters>[1]) => effectiveParameters(catalogue, input).find((one) => one.name === name);
  const sizing = { page_cache: '128MB', most_connections: '50' };
  const live = (name: string, value: string, pending: string | null = null): LiveParameter[] => [{ name, value, pending }];
  it('is the default, the flavor\'s, the group\'s or Coffer\'s, the later before the earlier', () => {
    const sources = Object.fromEntries(effectiveParameters(catalogue, { sizing: { ...sizing, port: '1' }, group: { most_connections: '70', port: '2' }, live: null }).map(({ name, source, wanted }) => [name, `${source} ${wanted}`]));
    expect(sources).toMatchObject({ page_cost: 'DEFAULT 4', page_cache: 'FLAVOR 16384', most_connections: 'GROUP 70', port: 'COFFER null' });
  });
  it('is what was wanted while the engine was not read', () => expect(of('page_cache', { sizing, group: null, live: null })).toEqual({ name: 'page_cache', value: '16384', source: 'FLAVOR', wanted: '16384', pending: null, drifted: false }));
  it('waits for a restart without having drifted', () =>
    expect(of('page_cache', { sizing, group: { page_cache: '8192' }, live: live('page_cache', '16384', '8192') })).toMatchObject({ value: '16384', source: 'GROUP', wanted: '8192', pending: '8192', drifted: false }));
  it('was changed by hand where neither the files nor the engine have what is wanted', () => {
    expect(of('page_cache', { sizing, group: null, live: live('page_cache', '16384', '77') })).toMatchObject({ value: '16384', source: 'HAND', wanted: '16384', drifted: true });
    expect(of('sort_memory', { sizing, group: { sort_memory: '64' }, live: live('sort_memory', '99', '64') })).toMatchObject({ source: 'HAND', drifted: true });
    expect(of('page_cost', { sizing, group: null, live: live('page_cost', '9') })).toMatchObject({ value: '9', source: 'DEFAULT', drifted: false });
    expect(of('port', { sizing, group: null, live: live('port', '5005') })).toMatchObject({ value: '5005', source: 'COFFER', drifted: false });
  });
  it('is what the engine made at its start of a value that no running one takes', () => {
    expect(of('page_cache', { sizing, group: null, live: live('page_cache', '77') })).toMatchObject({ value: '77', source: 'FLAVOR', wanted: '16384', drifted: false });
  });
  it('is what the data were made with, whatever would follow from a larger volume since', () => {
    const fixed: ParameterSpec = { ...catalogue.find(({ name }) => name === 'page_cache')!, apply: 'CREATE' };
    expect(effectiveParameters([fixed], { sizing, group: null, live: live('page_cache', '77') })).toMatchObject([{ value: '77', source: 'FLAVOR', wanted: '16384', drifted: false }]);
  });
  it('was changed by hand where the agent says so', () => {
    expect(of('page_cost', { sizing, group: null, live: live('page_cost', '9'), drifted: ['page_cost'] })).toMatchObject({ source: 'HAND', drifted: true });
    expect(of('page_cache', { sizing, group: null, live: live('page_cache', '77'), drifted: [] })).toMatchObject({ source: 'FLAVOR', drifted: false });
  });
});
