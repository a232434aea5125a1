/** Instances and their groups: taken, refused, called off, and gone again. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../../gateway/agents/agents.ts';
import { addInstance, applied, apply, attached, create, datastore, editor, ended, groups, otherTrack, patch, refusal, refuseWhen, track, useConfigurations, wantedOf, world } from './harness.ts';

useConfigurations();

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
    refuseWhen((_id, { work_mem: value }) => value === '64');
    const operation = await ended((await groups().attach(editor(), { configurationId: two.id, instanceId: id, replace: true })).operation);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringContaining('work_mem: the engine says no') } });
    expect(await wantedOf(id)).toBe(`${one.id}/1`);
    expect(applied.get(id)!.configuration).toBe(`${one.id}/1`);
    expect((await world.instance(id))['fault']).toMatchObject({ operationId: operation.id });
  });

  it('that refused a group takes it when that is tried again, unless the group has changed since', async () => {
    const group = await create('web');
    const id = await addInstance('shop');
    refuseWhen(() => true);
    const { operation } = await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    expect((await ended(operation)).state).toBe('FAILED');
    expect(await wantedOf(id)).toBeNull();
    refuseWhen(() => false);
    // As its agent tells: it has no group's values, and is not taken for one that should have them before it is given any.
    await world.store.query(`update instance set observation = observation || '{"configuration":{"applied":null,"restartRequired":[],"drifted":[],"rejected":null}}'::jsonb where id = $1`, [id]);
    await world.domain.operations.retry(editor(), operation.id);
    expect((await ended(operation)).state).toBe('SUCCEEDED');
    expect(await world.store.query(`select type from event where subject = $1 and doc::text like '%GroupDiffers%'`, [id])).toEqual([]);
    expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([`${group.id}/1`, `${group.id}/1`]);

    const late = await addInstance('late');
    refuseWhen(() => true);
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
