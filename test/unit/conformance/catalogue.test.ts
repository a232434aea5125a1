import { expect, it } from 'vitest';
import { catalogueProblems } from '../../../strategies/conformance/catalogue.ts';
import { staticChecks, subjectOf } from '../../../strategies/conformance/static.ts';
import type { GuestHalf } from '../../../strategies/spi/guest.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';
import tiny from '../../fixtures/tiny-datastore/index.ts';

const whole: ParameterSpec = { name: 'buffers', type: 'INTEGER', unit: '8kB', default: '16', min: 16, max: 1024, allowed: null, apply: 'RESTART', description: 'Buffers.' };
const word: ParameterSpec = { ...whole, name: 'mode', type: 'ENUM', unit: null, default: 'fast', min: null, max: null, allowed: ['fast', 'slow'] };

it('a catalogue that fits has no problems', () => expect(catalogueProblems([whole, word, { ...whole, name: 'least', default: null, max: null, unit: null }])).toEqual([]));
it.each<[Partial<ParameterSpec>, RegExp]>([
  [{ unit: 'pages' }, /counts in pages/], [{ type: 'STRING' }, /counts in 8kB/], [{ type: 'BOOLEAN', unit: null, default: 'true' }, /has bounds and is a BOOLEAN/], [{ min: 2000 }, /least value 2000 above/],
  [{ allowed: ['1'] }, /values to choose from/], [{ type: 'ENUM', unit: null, min: null, max: null }, /no values to choose/], [{ default: '16MB' }, /not canonical/], [{ default: '1.5' }, /not canonical/],
  [{ apply: 'SOON' as 'LIVE' }, /applied SOON/], [{ description: '' }, /empty text/], [{ owned: '' }, /empty text/],
])('%j is found', (wrong, problem) => expect(catalogueProblems([{ ...whole, ...wrong }]).join()).toMatch(problem));
it('an empty one and one that says a name twice are found', () => {
  expect(catalogueProblems([])).toEqual(['it is empty']);
  expect(catalogueProblems([whole, word, whole])).toEqual(['buffers is there twice']);
});
it('the static tier wants one for each track of a plugin that claims CONFIGURATION, and checks that no group is right', async () => {
  const rule = staticChecks.find((check) => check.rule.includes('catalogue of parameters'))!;
  const find = (control: Partial<typeof tiny.control>, capabilities: typeof tiny.manifest.capabilities = ['CONFIGURATION']): Promise<unknown> => {
    const { parameters: _, checkParameters: __, ...rest } = tiny.control;
    return rule.find(subjectOf({ ...tiny, manifest: { ...tiny.manifest, apiVersion: '^1.3', capabilities }, control: { ...rest, ...control } }, {} as GuestHalf, { databases: [], awkwardNames: [], systemNames: [] }));
  };
  const track = tiny.manifest.tracks[0]?.name ?? '';
  expect(await find({}, [])).toEqual([]);
  expect(await find({})).toEqual([{ level: 'problem', text: 'control.parameters must answer the catalogue of a track' }]);
  expect(await find({ parameters: async () => [whole] })).toEqual([]);
  expect(await find({ parameters: async () => [{ ...whole, description: '' }] })).toContainEqual({ level: 'problem', text: `${track}: parameters: buffers must have a description of at most 2000 characters` });
  expect(await find({ parameters: async () => [whole], checkParameters: async () => [{ path: ['buffers'], message: 'must be more' }] }))
    .toContainEqual({ level: 'problem', text: `${track}: checkParameters finds fault with no group at all: buffers must be more` });
});
