/** Catalogues of a third party's control half, in its thread: what is wrong with one costs its track CONFIGURATION and nothing else. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createControlHost } from '../../../gateway/plugins/control-host.ts';
import { createParameterCatalogues, type ParameterCatalogues } from '../../../gateway/plugins/parameters.ts';
import { loadApart } from '../../../strategies/apart.ts';
import type { ControlHalf } from '../../../strategies/spi/control.ts';

const load = async (name: string, options: Parameters<typeof loadApart>[1] = {}): Promise<ControlHalf> => {
  const loaded = await loadApart(join(import.meta.dirname, '../../fixtures/broken-controls', `${name}.ts`), options);
  if (loaded.state !== 'READY') throw new Error(loaded.problem);
  return loaded.plugin.control;
};

describe('the catalogue of a track', () => {
  let parameters: ParameterCatalogues;
  const told: string[] = [];
  beforeAll(async () => {
    const [catalogues, impatient] = [await load('catalogues'), await load('catalogues', { callTimeoutMs: 1_000 })];
    const { parameters: _, checkParameters: __, ...none } = catalogues;
    parameters = createParameterCatalogues(createControlHost((name) => ({ catalogues, impatient, none })[name]), (...problem) => void told.push(problem.join(' ')));
  });
  const of = (track: string): Promise<string[]> => parameters.parametersOf('catalogues', track).then(({ byName }) => [...byName.keys()]);

  it('is there by name', async () => {
    const { specs, byName } = await parameters.parametersOf('catalogues', 'good');
    expect(specs).toEqual([byName.get('cache')]);
    expect(byName.get('cache')).toMatchObject({ type: 'INTEGER', unit: 'kB', default: '64' });
  });
  it('is asked for once, also by many at once', async () => {
    const first = await Promise.all([of('counting'), of('counting')]);
    expect(first[0]).toEqual(first[1]);
    expect(await of('counting')).toEqual(first[0]);
  });
  it.each([['malformed', /cache must have a unit such as/], ['no list', /must answer a list/]])('that is %s is a problem of this track, told once', async (track, problem) => {
    expect(parameters.problemOf('catalogues', track)).toBeNull();
    for (let i = 0; i < 2; i++) await expect(of(track)).rejects.toMatchObject({ code: 'PLUGIN.FAILED', message: expect.stringMatching(problem) as string });
    expect(parameters.problemOf('catalogues', track)).toMatch(problem);
    expect(told.filter((one) => one.startsWith(`catalogues ${track} `))).toHaveLength(1);
    expect(await of('good')).toEqual(['cache']);
  });
  it('that is too long does not leave its thread', async () => {
    await expect(of('long')).rejects.toMatchObject({ code: 'PLUGIN.FAILED', message: expect.stringMatching(/longer than 4194304 characters/) as string });
  });
  it('that did not come in time is no problem of its track', async () => {
    await expect(parameters.parametersOf('impatient', 'late')).rejects.toThrow(/did not answer parameters within 1000 ms/);
    expect(parameters.problemOf('impatient', 'late')).toBeNull();
    expect((await parameters.parametersOf('impatient', 'good')).specs.map(({ name }) => name)).toEqual(['cache']);
  });
  it('that did not come is asked for again', async () => {
    let isDown = true;
    const flaky = { ...(await load('catalogues')), parameters: async () => { if (isDown) throw new Error('not now'); return []; } };
    const { parametersOf } = createParameterCatalogues(createControlHost(() => flaky));
    await expect(parametersOf('flaky', '1')).rejects.toMatchObject({ code: 'PLUGIN.FAILED' });
    isDown = false;
    expect((await parametersOf('flaky', '1')).specs).toEqual([]);
  });
  it('of a plugin without any is not asked for', async () => {
    await expect(parameters.parametersOf('none', '1')).rejects.toMatchObject({ code: 'CAPABILITY.UNSUPPORTED', details: { capability: 'CONFIGURATION' } });
    expect(await parameters.checkParameters('none', { track: '1', flavor: { vcpus: 1, memoryMb: 1 }, volumeGb: 1, sizing: {}, parameters: {} })).toEqual([]);
  });
});
