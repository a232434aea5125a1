/** A new revision on its way to all instances of a group. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../../gateway/agents/agents.ts';
import { addInstance, applied, apply, attached, create, editor, ended, groups, patch, refusal, refuseWhen, useConfigurations, wantedOf, world } from './harness.ts';

useConfigurations();

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
    expect(done.outputs['roll-out']).toEqual({ instances: 3 });
    expect(most).toBeLessThanOrEqual(2);
  });

  it('halts at the first that fails; the rest keep what they have, and restoring takes it back as a whole', async () => {
    const group = await create('web');
    const [a, b, c] = await attached(group, 'a', 'b', 'c') as [string, string, string];
    refuseWhen((id, { work_mem: value }) => id === b && value === '16384');
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
    refuseWhen((id) => id === b);
    const { operation } = await patch(group.id, '16MB');
    expect((await ended(operation)).state).toBe('FAILED');
    await world.domain.operations.retry(editor(), operation!.id);
    // Still refused: it halts again, and nothing is begun on what comes after.
    expect((await ended(operation)).state).toBe('FAILED');
    expect(await wantedOf(c)).toBe(`${group.id}/1`);
    refuseWhen(() => false);
    await world.domain.operations.retry(editor(), operation!.id);
    expect(await ended(operation)).toMatchObject({ state: 'SUCCEEDED', fault: null });
    for (const id of [a, b, c]) expect([await wantedOf(id), applied.get(id)!.configuration]).toEqual([`${group.id}/2`, `${group.id}/2`]);
    const states = (await world.domain.operations.list(editor(), {}, { parentId: operation!.id })).edges.map(({ node }) => `${node.subjectId === b ? 'b' : ''} ${node.state} ${node.fault?.code ?? ''}`).sort();
    expect(states).toEqual([' SUCCEEDED ', ' SUCCEEDED ', 'b FAILED ENGINE.REFUSED', 'b FAILED ENGINE.REFUSED', 'b SUCCEEDED ']);

    refuseWhen((id) => id === a);
    const halted = await ended((await patch(group.id, '17MB')).operation);
    await patch(group.id, '18MB', { apply: false });
    expect(await refusal(world.domain.operations.retry(editor(), halted.id))).toMatchObject({ code: 'PRECONDITION.NOT_RETRYABLE', message: expect.stringContaining('web has changed') });
  });

  it('is taken back, also when it was halted: what it reached has its revision from before, each its own', async () => {
    const group = await create('web');
    const [a, b, c, d] = await attached(group, 'a', 'b', 'c', 'd') as [string, string, string, string];
    // The first alone comes to revision 2.
    refuseWhen((id, { work_mem: value }) => id === b && value === '9216');
    expect((await ended((await patch(group.id, '9MB')).operation)).state).toBe('FAILED');
    refuseWhen((id, { work_mem: value }) => id === d && value === '16384');
    const halted = await ended((await patch(group.id, '16MB')).operation);
    expect(halted.state).toBe('FAILED');
    const revisions = async () => (await Promise.all([a, b, c, d].map(wantedOf))).map((text) => text!.split('/')[1]);
    expect(await revisions()).toEqual(['3', '3', '3', '1']);
    const seen = (await groups().attachments(group.id, {})).edges.map(({ node }) => node);
    expect(await Promise.all(seen.map(async ({ operationId }) => (await world.operations.get(operationId!))!.state))).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED']);
    // One of them was taken off the group and given it anew: that is another's wish. What changes nothing is none.
    await ended((await groups().detach(editor(), { instanceId: c })).operation);
    const attach = async (instanceId: string) => (await ended((await groups().attach(editor(), { configurationId: group.id, instanceId })).operation)).state;
    expect(await attach(c)).toBe('SUCCEEDED');
    expect(await attach(a)).toBe('SUCCEEDED');
    refuseWhen((id) => id === b && applied.get(b)!.configuration !== `${group.id}/1`);
    expect(await attach(b)).toBe('FAILED');
    refuseWhen(() => false);

    const { configuration, operation } = await groups().revertRollout(editor('req-back'), { operationId: halted.id, waveSize: 2 });
    expect(configuration.revision).toBe(3);
    expect(await refusal(groups().revertRollout(editor(), { operationId: halted.id }))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation!.id } });
    const back = await ended(operation);
    expect(back).toMatchObject({ state: 'SUCCEEDED', kind: 'configuration.rollout', steps: [{ message: '2 of 2 instances have what they had before revision 3' }] });
    expect(await revisions()).toEqual(['2', '1', '3', '1']);
    expect([applied.get(a)!.parameters, applied.get(b)!.parameters]).toEqual([{ work_mem: '9216' }, { work_mem: '8192' }]);
    const children = await world.domain.operations.list(editor(), {}, { parentId: operation!.id });
    expect(children.edges.map(({ node }) => `${node.subjectId} ${node.state}`).sort()).toEqual([a, b].map((id) => `${id} SUCCEEDED`).sort());
    expect(await world.framesOf('req-back')).toContain('configuration.revert START token:EDITOR 10.0.0.9');

    expect(await refusal(groups().revertRollout(editor(), { operationId: halted.id }))).toMatchObject({ code: 'PRECONDITION.STATE', message: expect.stringContaining(operation!.id) });
    // Taking back the taking back.
    expect((await ended((await groups().revertRollout(editor(), { operationId: operation!.id })).operation)).state).toBe('SUCCEEDED');
    expect(await revisions()).toEqual(['3', '3', '3', '1']);
  });

  it('halts at an instance whose host is gone, and says which', async () => {
    const group = await create('web');
    await attached(group, 'a');
    await world.store.query("update host set seen_at = now() - interval '1 hour'");
    const halted = await ended((await patch(group.id, '16MB')).operation);
    expect(halted).toMatchObject({ state: 'FAILED', fault: { code: 'HOST.UNREACHABLE', message: expect.stringMatching(/host .* has not been seen .* instance a is on it/) } });
  });

  it('leaves out what was never built', async () => {
    const group = await create('web');
    const [a] = await attached(group, 'a') as [string];
    const id = await addInstance('unbuilt', { configuration_id: group.id, configuration_revision: 1, prepared: false });
    expect((await ended((await patch(group.id, '16MB')).operation)).state).toBe('SUCCEEDED');
    expect([await wantedOf(a), await wantedOf(id)]).toEqual([`${group.id}/2`, `${group.id}/1`]);
  });

  it('is taken back by who may change the group, and only if it reached somebody', async () => {
    const group = await create('web');
    const [a] = await attached(group, 'a') as [string];
    refuseWhen((_id, { work_mem: value }) => value === '16384');
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

  it('does not count one that may still lose the revision which it is being brought to', async () => {
    const group = await create('web');
    const [a, b, c] = await attached(group, 'a', 'b', 'c') as [string, string, string];
    refuseWhen((id) => id === b);
    expect((await ended((await patch(group.id, '16MB')).operation)).state).toBe('FAILED');
    // The one that failed is tried again by itself, and meanwhile the group is rolled out to the rest.
    const [begun, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.script.run = (async (id: string, request: RunRequest) => {
      if (id === b) { begun.resolve(); await told.promise; }
      return apply(id, request);
    }) as never;
    const { edges: [failed] } = await world.domain.operations.list(editor(), {}, { subjectId: b, kind: 'instance.configure', state: ['FAILED'] });
    await world.domain.operations.retry(editor(), failed!.node.id);
    await begun.promise;
    const { operation } = await groups().patch(editor(), { configurationId: group.id });
    await expect.poll(async () => (await world.operations.get(operation!.id))!.steps[0]!.message, { timeout: 10_000 }).toContain('2 of 3 instances have revision 2; b is waited for');
    expect(await wantedOf(c)).toBe(`${group.id}/2`);
    told.resolve();
    expect((await ended(failed!.node)).state).toBe('FAILED');
    // Its turn comes then, as that of any that does not have the revision.
    expect(await ended(operation)).toMatchObject({ state: 'FAILED', fault: { message: expect.stringContaining('2 of 3 instances have revision 2. Instance b') } });
    expect(await Promise.all([a, b, c].map(wantedOf))).toEqual([`${group.id}/2`, `${group.id}/1`, `${group.id}/2`]);
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
