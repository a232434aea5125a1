/** Configuration groups over a real store and the release's workflows; the agent does as it is told and says so in its reports. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../gateway/agents/agents.ts';
import type { ChangedConfiguration } from '../../../gateway/domain/api.ts';
import type { ConfigurationDoc } from '../../../gateway/domain/configuration/document.ts';
import { type DomainWorld, startDomainWorld } from '../../support/domain-world.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

let server: TestPostgres;
let world: DomainWorld;
beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => {
  world = await startDomainWorld(server);
  applied.clear();
  refuses = () => false;
  world.script.compute = { inspect: async () => ({ state: 'running' }) as never };
  world.script.run = apply as never;
});
afterEach(() => world.close());

interface Refusal { code: string; message: string; details: { operationId?: string; issues?: { path: string[]; message: string }[]; capability?: string } }
const refusal = async (work: Promise<unknown>): Promise<Refusal> => {
  try { await work; } catch (error) { return error as Refusal; }
  throw new Error('it was not refused');
};
/** Any that has groups; the catalogue of this test is one of its own. */
const [datastore, track, otherTrack] = ['redis', '7', '8'];
function addInstance(name: string, change: Record<string, unknown> = {}): Promise<string> {
  const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find((one) => one.name === track)!;
  return world.addInstance(name, { datastore, track, version_id: version.id, ...change });
}
const groups = () => world.domain.configurations;
const editor = (requestId = 'req') => world.caller('EDITOR', requestId);
const create = (name: string, values: { name: string; value: unknown }[] = [{ name: 'work_mem', value: '8MB' }], project?: string): Promise<ConfigurationDoc> =>
  groups().create(world.caller('EDITOR', `req-${name}`, project), { name, datastore, version: track, values });

/** What each instance's agent was given last. */
const applied = new Map<string, { configuration: string; parameters: Record<string, string> }>();
let refuses: (instanceId: string, parameters: Record<string, string>) => boolean;
async function apply(id: string, { command }: RunRequest): Promise<unknown> {
  const answer = { items: [], restartRequired: [], rootName: '', fault: undefined as unknown };
  if (command?.$case !== 'configure') return answer;
  const { configuration, parameters } = command.value;
  if (refuses(id, parameters)) return { ...answer, fault: { code: 'REFUSED', message: 'work_mem: the engine says no' } };
  applied.set(id, { configuration, parameters });
  const sight = { applied: configuration === '' ? null : configuration, restartRequired: [], drifted: [], rejected: null };
  await world.store.query(`update instance set observation = observation || jsonb_build_object('configuration', $2::jsonb) where id = $1`, [id, JSON.stringify(sight)]);
  return answer;
}
const ended = (operation: { id: string } | null) => world.operations.waitForEnd(operation!.id, 15_000);
async function attached(group: ConfigurationDoc, ...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const id = await addInstance(name);
    ids.push(id);
    const { operation } = await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    expect((await ended(operation)).state).toBe('SUCCEEDED');
  }
  return ids;
}
const wantedOf = async (id: string): Promise<string | null> => { const row = await world.instance(id); return row['configuration_id'] === null ? null : `${row['configuration_id']}/${row['configuration_revision']}`; };
const patch = (id: string, value: unknown, more: object = {}): Promise<ChangedConfiguration> => groups().patch(editor(), { configurationId: id, set: [{ name: 'work_mem', value }], ...more });

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
  });
});

describe('an instance', () => {
  beforeEach(() => world.startWorker());

  it('takes a group, is seen to run it, and is without it again', async () => {
    const group = await create('web', [{ name: 'work_mem', value: '{memoryMb}MB * 0.01' }]);
    const [id] = await attached(group, 'shop') as [string];
    expect(applied.get(id)).toEqual({ configuration: `${group.id}/1`, parameters: { work_mem: String(Math.floor(world.catalogue.flavors()[0]!.memoryMb * 1_024 * 0.01)) } });
    const { edges } = await groups().attachments(group.id, {});
    expect(edges.map(({ node }) => node)).toEqual([{ configurationId: group.id, instanceId: id, revision: 1, applied: { id: group.id, revision: 1 }, restartRequired: [], operationId: expect.any(String) as string }]);
    expect((await refusal(groups().delete(editor(), group.id)))).toMatchObject({ code: 'CONFLICT.IN_USE', message: expect.stringContaining('shop') });

    expect((await ended((await groups().detach(editor(), { instanceId: id })).operation)).state).toBe('SUCCEEDED');
    expect(applied.get(id)).toEqual({ configuration: '', parameters: {} });
    expect(await wantedOf(id)).toBeNull();
    expect((await refusal(groups().detach(editor(), { instanceId: id }))).code).toBe('PRECONDITION.STATE');
    await groups().delete(editor(), group.id);
  });

  it('keeps its group from being deleted until it is rid of it for good', async () => {
    const group = await create('web');
    const [id] = await attached(group, 'shop') as [string];
    await world.stopWorkers();
    const { operation } = await groups().detach(editor(), { instanceId: id });
    expect(await wantedOf(id)).toBeNull();
    expect(await refusal(groups().delete(editor(), group.id))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    await world.domain.operations.cancel(editor(), operation.id);
    expect(await wantedOf(id)).toBe(`${group.id}/1`);
  });

  it('that runs a group which it was not to have in the end can be rid of it', async () => {
    const group = await create('web');
    const id = await addInstance('shop');
    // Ended by a reset when the agent had done it already.
    const seen = Promise.withResolvers<void>();
    world.script.run = (async (instanceId: string, request: RunRequest, { signal }: { signal: AbortSignal }) => {
      const answer = await apply(instanceId, request);
      if (request.step !== 'configure' || applied.get(instanceId)!.configuration === '') return answer;
      seen.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }) as never;
    await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    await seen.promise;
    await ended((await world.domain.instances.reset(world.caller('OPERATOR'), id)).operation);
    expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([null, `${group.id}/1`]);
    expect((await ended((await groups().detach(editor(), { instanceId: id })).operation)).state).toBe('SUCCEEDED');
    expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([null, '']);
    expect((await refusal(groups().detach(editor(), { instanceId: id }))).code).toBe('PRECONDITION.STATE');
  });

  it('has one group: a second is refused unless it shall take the place', async () => {
    const [one, two] = [await create('one'), await create('two')];
    const [id] = await attached(one, 'shop') as [string];
    expect(await refusal(groups().attach(editor(), { configurationId: two.id, instanceId: id }))).toMatchObject({ code: 'CONFLICT.IN_USE', message: expect.stringContaining('one') });
    expect((await ended((await groups().attach(editor(), { configurationId: two.id, instanceId: id, replace: true })).operation)).state).toBe('SUCCEEDED');
    expect(await wantedOf(id)).toBe(`${two.id}/1`);
  });

  it('takes none that is not for it', async () => {
    const id = await addInstance('shop');
    const other = await groups().create(editor(), { name: 'other', datastore, version: otherTrack, values: [] });
    expect(await refusal(groups().attach(editor(), { configurationId: other.id, instanceId: id }))).toMatchObject({ code: 'INPUT.INVALID' });
    const tooMuch = await create('big', [{ name: 'work_mem', value: '{memoryMb}MB * 1000' }]);
    expect(await refusal(groups().attach(editor(), { configurationId: tooMuch.id, instanceId: id }))).toMatchObject({ code: 'INPUT.INVALID', message: expect.stringMatching(/work_mem.*shop/) });
    const agentless = await addInstance('old', { agent: JSON.stringify({ capabilities: ['USERS'] }) });
    expect(await refusal(groups().attach(editor(), { configurationId: (await create('web')).id, instanceId: agentless }))).toMatchObject({ code: 'CAPABILITY.UNSUPPORTED', details: { capability: 'CONFIGURATION' } });
    expect(await wantedOf(id)).toBeNull();
  });

  it('that refuses a value has its former group again, and says which parameter', async () => {
    const [one, two] = [await create('one'), await create('two', [{ name: 'work_mem', value: '64kB' }])];
    const [id] = await attached(one, 'shop') as [string];
    refuses = (_id, { work_mem: value }) => value === '64';
    const operation = await ended((await groups().attach(editor(), { configurationId: two.id, instanceId: id, replace: true })).operation);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringContaining('work_mem: the engine says no') } });
    expect(await wantedOf(id)).toBe(`${one.id}/1`);
    expect(applied.get(id)!.configuration).toBe(`${one.id}/1`);
    expect((await world.instance(id))['fault']).toMatchObject({ operationId: operation.id });
  });

  it('that refused a group takes it when that is tried again, unless the group has changed since', async () => {
    const group = await create('web');
    const id = await addInstance('shop');
    refuses = () => true;
    const { operation } = await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    expect((await ended(operation)).state).toBe('FAILED');
    expect(await wantedOf(id)).toBeNull();
    refuses = () => false;
    await world.domain.operations.retry(editor(), operation.id);
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([`${group.id}/1`, `${group.id}/1`]);

    const late = await addInstance('late');
    refuses = () => true;
    const failed = await ended((await groups().attach(editor(), { configurationId: group.id, instanceId: late })).operation);
    await patch(group.id, '9MB', { apply: false });
    expect(await refusal(world.domain.operations.retry(editor(), failed.id))).toMatchObject({ code: 'PRECONDITION.NOT_RETRYABLE', message: expect.stringContaining('web has changed') });
    expect(await wantedOf(late)).toBeNull();
  });

  it('whose attaching is called off is as before', async () => {
    const group = await create('web');
    const id = await addInstance('shop');
    const begun = Promise.withResolvers<void>();
    world.script.run = (async (instanceId: string, request: RunRequest, { signal }: { signal: AbortSignal }) => {
      if (request.step !== 'configure') return apply(instanceId, request);
      begun.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }) as never;
    const { operation } = await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    await begun.promise;
    await world.domain.operations.cancel(editor(), operation.id);
    expect((await ended(operation)).state).toBe('CANCELLED');
    expect(await wantedOf(id)).toBeNull();
    expect(applied.get(id)!.configuration).toBe('');
  });

  it('is created with a group, which is judged for its flavor first', async () => {
    const group = await create('web');
    const input = { name: 'fresh', datastore, version: track, flavor: 'small', volume: { sizeGb: 1 } };
    const { instance } = await world.domain.instances.create(editor(), { ...input, configurationId: group.id });
    expect(instance.configuration).toEqual({ id: group.id, revision: 1 });
    const big = await create('big', [{ name: 'work_mem', value: '{memoryMb}MB * 1000' }]);
    expect((await refusal(world.domain.instances.create(editor(), { ...input, name: 'other', configurationId: big.id }))).code).toBe('INPUT.INVALID');
    expect((await refusal(world.domain.instances.create(editor(), { ...input, version: otherTrack, name: 'other', configurationId: group.id }))).code).toBe('INPUT.INVALID');
  });
});

describe('a rollout', () => {
  beforeEach(() => world.startWorker());

  it('brings a new revision to all instances in waves', async () => {
    const group = await create('web');
    const ids = await attached(group, 'a', 'b', 'c');
    let [running, most] = [0, 0];
    world.script.run = (async (id: string, request: RunRequest) => {
      running += 1;
      most = Math.max(most, running);
      try { return await apply(id, request); } finally { running -= 1; }
    }) as never;
    const { configuration, operation } = await patch(group.id, '16MB', { waveSize: 2 });
    expect(configuration.revision).toBe(2);
    const done = await ended(operation);
    expect(done).toMatchObject({ state: 'SUCCEEDED', kind: 'configuration.rollout', subjectId: group.id });
    for (const id of ids) expect([await wantedOf(id), applied.get(id)]).toEqual([`${group.id}/2`, { configuration: `${group.id}/2`, parameters: { work_mem: '16384' } }]);
    const children = await world.domain.operations.list(editor(), {}, { parentId: operation!.id });
    expect(children.edges.map(({ node }) => [node.kind, node.state])).toEqual(Array.from({ length: 3 }, () => ['instance.configure', 'SUCCEEDED']));
    expect((done.outputs['roll-out'] as { instances: { name: string; state: string }[] }).instances.map(({ name, state }) => `${name} ${state}`)).toEqual(['a SUCCEEDED', 'b SUCCEEDED', 'c SUCCEEDED']);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('halts at the first that fails; the rest keep what they have, and restoring takes it back as a whole', async () => {
    const group = await create('web');
    const [a, b, c] = await attached(group, 'a', 'b', 'c') as [string, string, string];
    refuses = (id, { work_mem: value }) => id === b && value === '16384';
    const halted = await ended((await patch(group.id, '16MB')).operation);
    expect(halted).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringMatching(/1 of 3 instances have revision 2\. Instance b: .*work_mem: the engine says no/) } });
    expect(await Promise.all([a, b, c].map(wantedOf))).toEqual([`${group.id}/2`, `${group.id}/1`, `${group.id}/1`]);
    expect(applied.get(c)!.configuration).toBe(`${group.id}/1`);
    const { configuration, operation } = await groups().restore(editor(), { configurationId: group.id, revision: 1 });
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    expect(configuration.revision).toBe(3);
    for (const id of [a, b, c]) expect(applied.get(id)).toEqual({ configuration: `${group.id}/3`, parameters: { work_mem: '8192' } });
  });

  it('that was halted goes on when it is tried again; not once the group has changed', async () => {
    const group = await create('web');
    const [a, b, c] = await attached(group, 'a', 'b', 'c') as [string, string, string];
    refuses = (id) => id === b;
    const { operation } = await patch(group.id, '16MB');
    expect((await ended(operation)).state).toBe('FAILED');
    await world.domain.operations.retry(editor(), operation!.id);
    // Still refused: it halts again, and nothing is begun on what comes after.
    expect((await ended(operation)).state).toBe('FAILED');
    expect(await wantedOf(c)).toBe(`${group.id}/1`);
    refuses = () => false;
    await world.domain.operations.retry(editor(), operation!.id);
    expect(await ended(operation)).toMatchObject({ state: 'SUCCEEDED', fault: null });
    for (const id of [a, b, c]) expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([`${group.id}/2`, `${group.id}/2`]);
    const states = (await world.domain.operations.list(editor(), {}, { parentId: operation!.id })).edges.map(({ node }) => `${node.subjectId === b ? 'b' : ''} ${node.state} ${node.fault?.code ?? ''}`).sort();
    expect(states).toEqual([' SUCCEEDED ', ' SUCCEEDED ', 'b FAILED ENGINE.REFUSED', 'b FAILED ENGINE.REFUSED', 'b SUCCEEDED ']);

    refuses = (id) => id === a;
    const halted = await ended((await patch(group.id, '17MB')).operation);
    await patch(group.id, '18MB', { apply: false });
    expect(await refusal(world.domain.operations.retry(editor(), halted.id))).toMatchObject({ code: 'PRECONDITION.NOT_RETRYABLE', message: expect.stringContaining('web has changed') });
  });

  it('is taken back, also when it was halted: what it reached has its revision from before, each its own', async () => {
    const group = await create('web');
    const [a, b, c, d] = await attached(group, 'a', 'b', 'c', 'd') as [string, string, string, string];
    // The first alone comes to revision 2.
    refuses = (id, { work_mem: value }) => id === b && value === '9216';
    expect((await ended((await patch(group.id, '9MB')).operation)).state).toBe('FAILED');
    refuses = (id, { work_mem: value }) => id === d && value === '16384';
    const halted = await ended((await patch(group.id, '16MB')).operation);
    expect(halted.state).toBe('FAILED');
    const revisions = async () => (await Promise.all([a, b, c, d].map(wantedOf))).map((text) => text!.split('/')[1]);
    expect(await revisions()).toEqual(['3', '3', '3', '1']);
    const seen = (await groups().attachments(group.id, {})).edges.map(({ node }) => node);
    expect(await Promise.all(seen.map(async ({ operationId }) => (await world.operations.get(operationId!))!.state))).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED']);
    // One of them was given the group anew: that is another's wish.
    await ended((await groups().attach(editor(), { configurationId: group.id, instanceId: c })).operation);

    const { configuration, operation } = await groups().revertRollout(editor('req-back'), { operationId: halted.id, waveSize: 2 });
    expect(configuration.revision).toBe(3);
    expect(await refusal(groups().revertRollout(editor(), { operationId: halted.id }))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation!.id } });
    const back = await ended(operation);
    expect(back).toMatchObject({ state: 'SUCCEEDED', kind: 'configuration.rollout', steps: [{ message: '2 of 2 instances have what they had before revision 3' }] });
    expect(await revisions()).toEqual(['2', '1', '3', '1']);
    expect([applied.get(a)!.parameters, applied.get(b)!.parameters]).toEqual([{ work_mem: '9216' }, { work_mem: '8192' }]);
    expect((back.outputs['roll-out'] as { instances: { name: string; state: string }[] }).instances.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(['a SUCCEEDED', 'b SUCCEEDED']);
    expect(await world.framesOf('req-back')).toContain('configuration.revert START token:EDITOR 10.0.0.9');

    expect(await refusal(groups().revertRollout(editor(), { operationId: halted.id }))).toMatchObject({ code: 'PRECONDITION.STATE', message: expect.stringContaining(operation!.id) });
    // Taking back the taking back.
    expect((await ended((await groups().revertRollout(editor(), { operationId: operation!.id })).operation)).state).toBe('SUCCEEDED');
    expect(await revisions()).toEqual(['3', '3', '3', '1']);
  });

  it('is taken back by who may change the group, and only if it reached somebody', async () => {
    const group = await create('web');
    const [a] = await attached(group, 'a') as [string];
    refuses = (_id, { work_mem: value }) => value === '16384';
    const halted = await ended((await patch(group.id, '16MB')).operation);
    expect(await refusal(groups().revertRollout(editor(), { operationId: halted.id }))).toMatchObject({ code: 'PRECONDITION.STATE', message: expect.stringContaining('no instance') });
    expect((await refusal(groups().revertRollout(world.caller('VIEWER'), { operationId: halted.id }))).code).toBe('ACCESS.FORBIDDEN');
    const other = world.caller('EDITOR', 'req', await world.addProject('beta'));
    expect((await refusal(groups().revertRollout(other, { operationId: halted.id }))).message).toBe(`operation ${halted.id} was not found`);
    expect((await refusal(groups().revertRollout(editor(), { operationId: halted.id, waveSize: 99 }))).code).toBe('INPUT.INVALID');
    const { operation } = await groups().detach(editor(), { instanceId: a });
    expect(await refusal(groups().revertRollout(editor(), { operationId: operation.id }))).toMatchObject({ code: 'PRECONDITION.STATE', message: expect.stringContaining('no rollout') });
  });

  it('that was halted goes on with a patch of nothing; a change that is not applied waits for one', async () => {
    const group = await create('web');
    const [a] = await attached(group, 'a') as [string];
    expect(await patch(group.id, '16MB', { apply: false })).toMatchObject({ operation: null, configuration: { revision: 2 } });
    expect(await wantedOf(a)).toBe(`${group.id}/1`);
    expect((await ended((await groups().patch(editor(), { configurationId: group.id })).operation)).state).toBe('SUCCEEDED');
    expect(await wantedOf(a)).toBe(`${group.id}/2`);
    expect((await groups().patch(editor(), { configurationId: group.id })).operation).toBeNull();
  });

  it('is refused up front when an instance cannot have the values, which is named', async () => {
    const group = await create('web');
    await attached(group, 'a', 'b');
    expect(await refusal(patch(group.id, '{memoryMb}MB * 1000'))).toMatchObject({ code: 'INPUT.INVALID', details: { issues: [{ path: ['input', 'set', '0', 'value'], message: expect.stringMatching(/work_mem .*a, b/) }] } });
    expect((await groups().find(editor(), { id: group.id }))!.revision).toBe(1);
  });

  it('keeps the group as it is while it lasts, and stops after the wave when it is called off', async () => {
    const group = await create('web');
    const [a, b] = await attached(group, 'a', 'b') as [string, string];
    const other = await addInstance('other');
    const [begun, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.script.run = (async (id: string, request: RunRequest) => { begun.resolve(); await told.promise; return apply(id, request); }) as never;
    const { operation } = await patch(group.id, '16MB');
    await begun.promise;
    for (const act of [() => patch(group.id, '17MB'), () => groups().detach(editor(), { instanceId: b }), () => groups().attach(editor(), { configurationId: group.id, instanceId: other })]) {
      expect(await refusal(act())).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation!.id } });
    }
    await world.domain.operations.cancel(editor(), operation!.id);
    told.resolve();
    expect((await ended(operation)).state).toBe('CANCELLED');
    expect([await wantedOf(a), await wantedOf(b)]).toEqual([`${group.id}/2`, `${group.id}/1`]);
  });

  it('waits for what else is done to an instance', async () => {
    const group = await create('web');
    const [a] = await attached(group, 'a') as [string];
    // A restart that nobody runs: of a host without workers.
    const elsewhere = await world.addHost('elsewhere');
    await world.store.query('update instance set host_id = $2 where id = $1', [a, elsewhere]);
    const restart = await world.domain.instances.restart(editor(), a);
    await world.store.query('update instance set host_id = $2 where id = $1', [a, world.hostId]);
    const { operation } = await patch(group.id, '16MB');
    await expect.poll(async () => (await world.operations.get(operation!.id))!.steps[0]!.message, { timeout: 10_000 }).toContain(restart.operation.id);
    await world.domain.operations.cancel(editor(), restart.operation.id);
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    expect(await wantedOf(a)).toBe(`${group.id}/2`);
  });

  it('goes on where a worker left it: nothing is begun twice', async () => {
    const group = await create('web');
    const ids = await attached(group, 'a', 'b');
    const begun = Promise.withResolvers<void>();
    world.script.run = ((_id: string, _request: RunRequest, { signal }: { signal: AbortSignal }) => {
      begun.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }) as never;
    const { operation } = await patch(group.id, '16MB');
    await begun.promise;
    await world.stopWorkers();
    world.script.run = apply as never;
    world.startWorker();
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    const children = await world.domain.operations.list(editor(), {}, { parentId: operation!.id });
    expect(children.edges.map(({ node }) => node.subjectId).sort()).toEqual([...ids].sort());
  });

  it('lets an instance go that is deleted meanwhile', async () => {
    const group = await create('web');
    const [a, b] = await attached(group, 'a', 'b') as [string, string];
    const begun = Promise.withResolvers<void>();
    world.script.run = ((id: string, request: RunRequest, { signal }: { signal: AbortSignal }) => {
      if (id === b) return apply(id, request);
      begun.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }) as never;
    world.script.compute = { ...world.script.compute, destroy: async () => {} };
    const { operation } = await patch(group.id, '16MB');
    await begun.promise;
    await world.domain.instances.delete(editor(), { instanceId: a, force: true });
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    expect(await wantedOf(b)).toBe(`${group.id}/2`);
  });
});
