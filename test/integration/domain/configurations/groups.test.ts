/** Groups of values: kept, changed, read and judged, whoever has them. */
import { describe, expect, it } from 'vitest';
import { addInstance, create, datastore, editor, groups, patch, refusal, track, useConfigurations, world } from './harness.ts';

useConfigurations();

describe('a group', () => {
  it('is kept canonical, shown, changed in revisions that can be read and restored', async () => {
    const made = await create('web', [{ name: 'work_mem', value: '8MB' }, { name: 'max_connections', value: '{memoryMb} / 4' }]);
    expect(made).toMatchObject({ revision: 1, values: [{ name: 'max_connections', value: '{memoryMb} / 4', kind: 'FORMULA' }, { name: 'work_mem', value: '8192', kind: 'LITERAL' }] });
    const patched = await groups().patch(editor(), { configurationId: made.id, set: [{ name: 'work_mem', value: 65_536 }], unset: ['max_connections'] });
    expect(patched).toMatchObject({ operation: null, configuration: { revision: 2, values: [{ name: 'work_mem', value: '65536' }] } });
    // the same again is no revision
    expect((await patch(made.id, '64MB')).configuration.revision).toBe(2);
    const replaced = await groups().replace(editor(), { configurationId: made.id, name: 'shop', values: [{ name: 'log_connections', value: 'on' }] });
    expect(replaced.configuration).toMatchObject({ name: 'shop', revision: 3, values: [{ name: 'log_connections', value: 'true' }] });
    const restored = await groups().restore(editor(), { configurationId: made.id, revision: 1 });
    expect(restored.configuration).toMatchObject({ revision: 4, values: made.values });
    const history = await groups().history(restored.configuration, { first: 3 });
    expect(history).toMatchObject({ totalCount: 4, hasNextPage: true });
    expect(history.edges.map(({ node }) => [node.revision, node.change, node.origin, node.actor])).toEqual([
      [4, 'RESTORED', `${made.id}/1`, 'token:EDITOR'], [3, 'REPLACED', null, 'token:EDITOR'], [2, 'PATCHED', null, 'token:EDITOR']]);
    expect((await groups().history(restored.configuration, { first: 3, after: history.edges[2]!.cursor })).edges.map(({ node }) => node.change)).toEqual(['CREATED']);
    expect(await groups().diff(editor(), restored.configuration, { revision: 2 })).toEqual([
      { name: 'max_connections', from: '{memoryMb} / 4', to: null, pending: null }, { name: 'work_mem', from: '8192', to: '65536', pending: null }]);
    expect(await world.framesOf('req-web')).toEqual(['configuration.create START token:EDITOR 10.0.0.9', 'configuration.create END token:EDITOR 10.0.0.9']);
  });

  it('names each value that is not right by its place', async () => {
    const refused = await refusal(create('web', [{ name: 'log_connections', value: true }, { name: 'work_men', value: 1 }, { name: 'work_mem', value: 'much' }, { name: 'data_directory', value: '/x' }]));
    expect(refused.details.issues!.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['input.values.1.name', expect.stringContaining('did you mean work_mem?')], ['input.values.2.value', expect.stringMatching(/^work_mem must be a whole number/)],
      ['input.values.3.name', expect.stringContaining('Coffer says where data lie.')]]);
    expect(await world.store.query('select 1 from configuration')).toEqual([]);
    const group = await create('web');
    expect((await refusal(groups().patch(editor(), { configurationId: group.id, unset: ['max_connections'] }))).details.issues![0]!.path).toEqual(['input', 'unset', '0']);
  });

  it('is not told to set a value and to take it out at once', async () => {
    const group = await create('web');
    const both = groups().patch(editor(), { configurationId: group.id, set: [{ name: 'work_mem', value: '9MB' }], unset: ['work_mem'] });
    expect((await refusal(both)).details.issues).toMatchObject([{ path: ['input', 'unset', '0'], message: expect.stringContaining('work_mem') as string }]);
    expect(await groups().find(editor(), { id: group.id })).toMatchObject({ revision: 1 });
  });

  it('has as many values as it may have, also when they come one after the other', async () => {
    const group = await create('web', []);
    const many = Array.from({ length: 500 }, (_, i) => ({ name: `p${i}`, value: '1', kind: 'LITERAL' }));
    await world.store.query('update configuration_revision set values = $2::json where configuration_id = $1', [group.id, JSON.stringify(many)]);
    expect((await refusal(patch(group.id, '9MB'))).details.issues).toMatchObject([{ path: ['input', 'set'], message: expect.stringContaining('at most 500') as string }]);
    expect((await groups().patch(editor(), { configurationId: group.id, set: [{ name: 'work_mem', value: '9MB' }], unset: ['p0'] })).configuration.values).toHaveLength(500);
  });

  it('does not get back, nor is another made of, what its version does not take any more', async () => {
    const group = await create('web');
    await world.store.query(`update configuration_revision set values = '[{"name":"work_men","value":"1","kind":"LITERAL"}]'::json where configuration_id = $1`, [group.id]);
    await groups().replace(editor(), { configurationId: group.id, values: [] });
    expect((await refusal(groups().restore(editor(), { configurationId: group.id, revision: 1 }))).details.issues).toMatchObject([{ path: ['input', 'revision'], message: expect.stringContaining('did you mean work_mem?') as string }]);
    expect((await refusal(groups().clone(editor(), { name: 'copy', configurationId: group.id, revision: 1 }))).details.issues).toMatchObject([{ path: ['input', 'revision'] }]);
    expect(await groups().find(editor(), { id: group.id })).toMatchObject({ revision: 2 });
  });

  it('has a name of its own in its project, free again when it is deleted', async () => {
    const group = await create('web');
    expect((await refusal(create('web'))).code).toBe('CONFLICT.NAME_TAKEN');
    const other = await create('other');
    expect((await refusal(groups().replace(editor(), { configurationId: other.id, name: 'web' }))).code).toBe('CONFLICT.NAME_TAKEN');
    await groups().delete(editor('req-delete'), group.id);
    expect(await world.framesOf('req-delete')).toEqual(['configuration.delete START token:EDITOR 10.0.0.9', 'configuration.delete END token:EDITOR 10.0.0.9']);
    expect(await groups().find(editor(), { id: group.id })).toBeNull();
    await create('web');
  });

  it('of an earlier look is not overwritten', async () => {
    const group = await create('web');
    await patch(group.id, '9MB');
    expect(await refusal(patch(group.id, '10MB', { revision: 1 }))).toMatchObject({ code: 'CONFLICT.STALE' });
  });

  it('two patches at once are two revisions, one after the other', async () => {
    const group = await create('web');
    await Promise.all([patch(group.id, '9MB'), groups().patch(editor(), { configurationId: group.id, set: [{ name: 'max_connections', value: 7 }] })]);
    expect(await groups().find(editor(), { id: group.id })).toMatchObject({ revision: 3, values: [{ name: 'max_connections', value: '7' }, { name: 'work_mem', value: '9216' }] });
  });

  it('is read by viewers and changed by editors', async () => {
    const group = await create('web');
    const viewer = world.caller('VIEWER');
    expect((await groups().list(viewer, {}, {})).edges.map(({ node }) => node.name)).toEqual(['web']);
    const acts = [
      () => groups().patch(viewer, { configurationId: group.id, unset: ['work_mem'] }), () => groups().delete(viewer, group.id),
      () => groups().create(viewer, { name: 'x', datastore, version: track, values: [] }),
    ];
    for (const act of acts) {
      expect((await refusal(act())).code).toBe('ACCESS.FORBIDDEN');
    }
    const theirs = await create('theirs', [], await world.addProject('beta'));
    expect((await refusal(groups().patch(editor(), { configurationId: theirs.id, unset: [] }))).message).toBe(`configuration ${theirs.id} was not found`);
  });

  it('is cloned, from a revision as well', async () => {
    const group = await create('web');
    await patch(group.id, '9MB');
    expect(await groups().clone(editor(), { name: 'copy', configurationId: group.id, revision: 1 })).toMatchObject({ name: 'copy', revision: 1, values: [{ value: '8192' }] });
  });

  it('is imported from what an instance has besides the usual', async () => {
    const id = await addInstance('shop');
    world.script.readParameters = async () => ({
      parameters: [{ name: 'work_mem', value: '4096', pending: null }, { name: 'max_connections', value: '100', pending: '250' }, { name: 'log_connections', value: 'false', pending: null }, { name: 'data_directory', value: '/d', pending: null }],
      sizing: { work_mem: '4096' }, group: {},
    });
    expect(await groups().clone(editor(), { name: 'copy', instanceId: id })).toMatchObject({ values: [{ name: 'max_connections', value: '250' }] });
    const group = await create('web', [{ name: 'work_mem', value: '4MB' }, { name: 'max_connections', value: 250 }]);
    expect(await groups().diff(editor(), group, { instanceId: id })).toEqual([{ name: 'max_connections', from: '250', to: '100', pending: '250' }]);
    expect(await groups().effectiveParameters(editor(), id, 'WORK')).toMatchObject([{ name: 'work_mem', value: '4096', source: 'FLAVOR' }]);
  });

  it('is judged without being saved, with what its formulas come to', async () => {
    const answer = await groups().validate(world.caller('VIEWER'), { datastore, version: track, flavors: ['small', 'medium'], values: [{ name: 'max_connections', value: '{memoryMb} / 2' }] });
    expect(answer.evaluations.map(({ flavor, parameters, issues }) => [flavor.name, parameters, issues.length])).toEqual([
      ['small', [{ name: 'max_connections', value: '512' }], 0], ['medium', [], 1]]);
    expect(await world.store.query('select 1 from configuration')).toEqual([]);
    const ask = (flavors: string[]) => groups().validate(world.caller('VIEWER'), { datastore, version: track, flavors, values: [] });
    expect((await ask(['small', 'small'])).evaluations).toHaveLength(1);
    expect(await refusal(ask(Array.from({ length: 51 }, () => 'small')))).toMatchObject({ details: { issues: [{ path: ['input', 'flavors'] }] } });
  });

  it('has kept values whose warnings are those of the catalogue now', async () => {
    const { values } = await create('web', [{ name: 'work_mem', value: '{memoryMb} / 4' }, { name: 'max_connections', value: 10 }]);
    const version = { datastore, track };
    expect(await Promise.all(values.map((value) => groups().warning(version, value)))).toEqual([null, expect.stringContaining('counted in kB')]);
    expect(await groups().warning(version, { name: 'gone', value: '1', kind: 'LITERAL' })).toBeNull();
    expect(await groups().warning({ datastore: 'nothing', track }, values[0]!)).toBeNull();
  });
});
