import { describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../gateway/agents/agents.ts';
import { readHostLoads } from '../../../gateway/domain/host-load.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
useDomainWorld((fresh) => { world = fresh; });

const create = (name: string, more: object = {}) =>
  world.domain.instances.create(world.caller('EDITOR', `req-${name}`), { projectId: world.projectId, name, datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, ...more });
const refusal = async (work: Promise<unknown>): Promise<{ code: string; details: { operationId?: string } }> => {
  try { await work; } catch (error) { return error as { code: string; details: { operationId?: string } }; }
  throw new Error('it was not refused');
};
const succeed = async (): Promise<never> => ({ items: [], restartRequired: [], rootName: '' }) as never;

describe('a create', () => {
  it('that is cancelled before anybody has taken it holds nothing any more', async () => {
    const { instance, operation } = await create('shop');
    expect((await world.domain.operations.cancel(world.caller('EDITOR', 'req-cancel'), operation.id)).state).toBe('CANCELLED');
    expect(await world.instance(instance.id)).toMatchObject({ released: true, status: 'ERROR', task: null });
    const [load] = await readHostLoads(world.store, { from: 1, to: 9 });
    expect(load).toMatchObject({ promisedMemoryMb: 0, unusedVolumeBytes: 0 });
    expect(await world.framesOf('req-cancel')).toEqual(['operation.cancel START token:EDITOR 10.0.0.9', 'operation.cancel END token:EDITOR 10.0.0.9']);
    expect(await world.framesOf('req-shop')).toEqual(['instance.create START token:EDITOR 10.0.0.9', 'instance.create ERROR token:EDITOR 10.0.0.9']);
  });

  it('reserves in its turn: what was accepted after it takes no place from it', async () => {
    const ids = [(await create('one')).instance.id, (await create('two')).instance.id];
    // a neighbour that was accepted when there was more room, and has not had its turn either
    await world.addInstance('late', { prepared: false, flavor_id: world.catalogue.flavor('medium')!.id });
    for (const [i, id] of ids.entries()) await world.store.query('insert into port_lease (host_id, port, instance_id, name) values ($1, $2, $3, $4)', [world.hostId, 30_000 + i, id, 'client']);
    const [load] = await readHostLoads(world.store, { from: 1, to: 9 }, { hostId: world.hostId, onlyReserved: true });
    expect(load).toMatchObject({ promisedMemoryMb: 2_048, pendingMemoryMb: 2_048 });
  });
});

describe('start, stop and restart', () => {
  it('of what is still being built wait for its create; of what never was, for nothing', async () => {
    const { instance, operation } = await create('shop');
    const { start, stop, restart } = world.domain.instances;
    for (const act of [start, stop, restart]) expect(await refusal(act(world.caller('EDITOR'), instance.id))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
    for (const act of [start, stop, restart]) expect((await refusal(act(world.caller('EDITOR'), instance.id))).code).toBe('PRECONDITION.STATE');
  });
});

describe('a reset', () => {
  const reset = (id: string) => world.domain.instances.reset(world.caller('OPERATOR', 'req-reset'), id);
  it('of what was never built is refused', async () => {
    const { instance, operation } = await create('shop');
    expect(await refusal(reset(instance.id))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
    expect((await refusal(reset(instance.id))).code).toBe('PRECONDITION.STATE');
  });
  it('never takes over from a deletion', async () => {
    const id = await world.addInstance('shop');
    const { operation } = await world.domain.instances.delete(world.caller('EDITOR'), { instanceId: id });
    expect(await refusal(reset(id))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    expect((await world.operations.get(operation.id))!.state).toBe('PENDING');
  });
  it('takes over from anything else', async () => {
    const id = await world.addInstance('shop');
    const { operation } = await world.domain.instances.restart(world.caller('EDITOR'), id);
    await reset(id);
    expect((await world.operations.get(operation.id))!).toMatchObject({ state: 'CANCELLED', fault: { code: 'OPERATION.PREEMPTED' } });
  });
});

describe('a deletion', () => {
  const remove = (id: string, force = false, requestId = 'req-delete') => world.domain.instances.delete(world.caller('EDITOR', requestId), { instanceId: id, force });
  it('asked for twice, also at once, is one; by force it begins anew', async () => {
    const id = await world.addInstance('shop');
    const both = await Promise.all([remove(id), remove(id)]);
    expect(both[0].operation.id).toBe(both[1].operation.id);
    expect((await remove(id, true)).operation.id).not.toBe(both[0].operation.id);
    expect((await world.operations.get(both[0].operation.id))!.state).toBe('CANCELLED');
  });
  it('of a protected instance is refused, by force as well', async () => {
    const id = await world.addInstance('shop', { deletion_protection: true });
    for (const force of [false, true]) expect((await refusal(remove(id, force))).code).toBe('PRECONDITION.DELETION_PROTECTED');
  });
  it('by force does not ask the agent', async () => {
    const id = await world.addInstance('shop');
    world.script.compute = { destroy: async () => {} };
    world.startWorker();
    const { operation } = await remove(id, true);
    expect((await world.operations.waitForEnd(operation.id, 10_000)).state).toBe('SUCCEEDED');
    expect(world.commands).toEqual([]);
    expect(await world.framesOf('req-delete')).toEqual(['instance.delete START token:EDITOR 10.0.0.9', 'instance.delete END token:EDITOR 10.0.0.9']);
  });
});

describe('a cancelled', () => {
  it.each(['start', 'stop'] as const)('%s that nobody has taken leaves what was wanted before', async (verb) => {
    const before = verb === 'start' ? 'STOPPED' : 'RUNNING';
    const id = await world.addInstance('shop', { intent: before });
    const { operation, instance } = await world.domain.instances[verb](world.caller('EDITOR'), id);
    expect(instance.intent).not.toBe(before);
    await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
    expect(await world.instance(id)).toMatchObject({ intent: before, task: null, fault: { code: 'OPERATION.CANCELLED' } });
  });

  it('stop that the agent is at starts the engine again', async () => {
    const id = await world.addInstance('shop');
    const begun = Promise.withResolvers<void>();
    world.script.compute = { inspect: async () => ({ state: 'running' }) as never };
    world.script.run = async (_id, request, { signal }) => {
      if (request.step !== 'stop') return succeed();
      begun.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }); });
    };
    world.startWorker();
    const { operation } = await world.domain.instances.stop(world.caller('EDITOR'), id);
    await begun.promise;
    await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
    expect((await world.operations.waitForEnd(operation.id, 15_000)).state).toBe('CANCELLED');
    expect(world.commands).toEqual(['stop:stop', 'undo-start:start']);
    expect(await world.instance(id)).toMatchObject({ intent: 'RUNNING' });
  });
});

describe('a retry', () => {
  const failStart = async (id: string): Promise<string> => {
    world.script.compute = { inspect: async () => ({ state: 'running' }) as never };
    world.script.run = async () => { const { FinalStepError } = await import('../../../gateway/operations/workflow.ts'); throw new FinalStepError('ENGINE.FAILED_TO_START', 'it did not start'); };
    world.startWorker();
    const { operation } = await world.domain.instances.start(world.caller('EDITOR', 'req-start'), id);
    expect((await world.operations.waitForEnd(operation.id, 10_000)).state).toBe('FAILED');
    return operation.id;
  };
  it('of what failed last begins where it failed, in the name of who asks', async () => {
    const id = await world.addInstance('shop', { intent: 'STOPPED' });
    const operationId = await failStart(id);
    world.script.run = succeed;
    await world.domain.operations.retry(world.caller('OWNER', 'req-retry'), operationId);
    expect((await world.operations.waitForEnd(operationId, 10_000)).state).toBe('SUCCEEDED');
    expect(await world.framesOf('req-start')).toEqual(['instance.start START token:EDITOR 10.0.0.9', 'instance.start ERROR token:EDITOR 10.0.0.9']);
    expect(await world.framesOf('req-retry')).toEqual(['instance.start START token:OWNER 10.0.0.9', 'instance.start END token:OWNER 10.0.0.9']);
    expect(await world.instance(id)).toMatchObject({ fault: null, task: null });
  });
  it('is one to the agent: its fence has a later epoch, which whoever takes the operation over keeps', async () => {
    const id = await world.addInstance('shop', { intent: 'STOPPED' });
    const operationId = await failStart(id);
    const fences: { epoch: number; attempt: number }[] = [];
    const asked = Promise.withResolvers<void>();
    const before = Number((await world.instance(id))['epoch']);
    world.script.run = (async (_id: string, { fence }: RunRequest, { signal }: { signal: AbortSignal }) => {
      fences.push(fence);
      if (fences.length > 1) return succeed();
      asked.resolve();
      return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }) as never;
    await world.domain.operations.retry(world.caller('OWNER'), operationId);
    await asked.promise;
    await world.stopWorkers();
    world.startWorker();
    expect((await world.operations.waitForEnd(operationId, 10_000)).state).toBe('SUCCEEDED');
    expect(fences.map(({ epoch }) => epoch)).toEqual([before + 1, before + 1]);
    expect(fences[1]!.attempt).toBeGreaterThan(fences[0]!.attempt);
  });
  it('of an older wish is refused, and of what is gone', async () => {
    const id = await world.addInstance('shop', { intent: 'STOPPED' });
    const operationId = await failStart(id);
    await world.store.query(`update instance set fault = jsonb_set(fault, '{operationId}', '"op_other"') where id = $1`, [id]);
    expect((await refusal(world.domain.operations.retry(world.caller('EDITOR'), operationId))).code).toBe('PRECONDITION.NOT_RETRYABLE');
    await world.store.query('update instance set deleted_at = now() where id = $1', [id]);
    expect((await refusal(world.domain.operations.retry(world.caller('EDITOR'), operationId))).code).toBe('RESOURCE.NOT_FOUND');
    expect(await world.store.query('select 1 from subject_lock')).toEqual([]);
  });
  it('needs what doing it the first time needed', async () => {
    const id = await world.addInstance('shop');
    world.script.compute = { inspect: async () => ({ state: 'running' }) as never };
    world.script.run = async () => { const { FinalStepError } = await import('../../../gateway/operations/workflow.ts'); throw new FinalStepError('ENGINE.REFUSED', 'no'); };
    world.startWorker();
    const { operation } = await world.domain.instances.reset(world.caller('OPERATOR'), id);
    expect((await world.operations.waitForEnd(operation.id, 10_000)).state).toBe('FAILED');
    expect((await refusal(world.domain.operations.retry(world.caller('OWNER'), operation.id))).code).toBe('ACCESS.FORBIDDEN');
  });
});

describe('a command to an engine', () => {
  const addUser = (id: string, more: object = {}) => world.domain.engine.createUsers(world.caller('EDITOR', 'req-users'), { instanceId: id, users: [{ name: 'ada', password: 'correct horse battery' }], ...more });
  it('is accepted where the engine runs, although a stop was asked for and failed', async () => {
    const id = await world.addInstance('shop', { intent: 'STOPPED' });
    expect((await addUser(id)).operation.state).toBe('PENDING');
    const stopped = await world.addInstance('other', { intent: 'STOPPED', observation: JSON.stringify({ engine: 'down', prepared: true, logTail: [] }) });
    expect((await refusal(addUser(stopped))).code).toBe('PRECONDITION.STATE');
  });
  it('that a deletion took over is still answered, with the instance as it was', async () => {
    world.deps.inlineWaitMs = 10_000;
    const id = await world.addInstance('shop');
    const answer = addUser(id);
    // in the moment the answer is waited for
    await expect.poll(() => world.store.query('select 1 from operation')).toHaveLength(1);
    await world.domain.instances.delete(world.caller('EDITOR'), { instanceId: id });
    await world.store.query('update instance set deleted_at = now() where id = $1', [id]);
    expect(await answer).toMatchObject({ instance: { id }, operation: { state: 'CANCELLED' }, results: [{ name: 'ada', fault: { code: 'OPERATION.PREEMPTED' } }], userCredentials: [{ password: 'correct horse battery' }] });
  });
  it('that the engine refused gives no password; one whose fate is unknown says so and does', async () => {
    world.deps.inlineWaitMs = 10_000;
    const id = await world.addInstance('shop');
    world.script.run = async () => ({ items: [{ name: 'ada', fault: { code: 'EXISTS', message: 'there is one' } }], restartRequired: [], rootName: '' }) as never;
    world.startWorker();
    expect(await addUser(id)).toMatchObject({ results: [{ fault: { code: 'CONFLICT.EXISTS' } }], userCredentials: [{ name: 'ada', password: null }] });
    world.script.run = async () => { throw new Error('the line went dead'); };
    const unknown = await addUser(id);
    expect(unknown.results[0]!.fault!.message).toMatch(/^it is not known whether this was done.*the line went dead/);
    expect(unknown.userCredentials[0]!.password).toBe('correct horse battery');
  });
  it('cannot be cancelled once the agent was told', async () => {
    const id = await world.addInstance('shop');
    const begun = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    world.script.run = async () => { begun.resolve(); await told.promise; return succeed(); };
    world.startWorker();
    const { operation } = await addUser(id);
    await begun.promise;
    expect((await refusal(world.domain.operations.cancel(world.caller('EDITOR'), operation.id))).code).toBe('PRECONDITION.NOT_CANCELLABLE');
    told.resolve();
    expect((await world.operations.waitForEnd(operation.id, 10_000)).state).toBe('SUCCEEDED');
  });
  it('with an empty password is refused and not taken for none', async () => {
    const id = await world.addInstance('shop');
    const empty = world.domain.engine.updateUser(world.caller('EDITOR'), { instanceId: id, user: { name: 'ada' }, password: '' });
    expect((await refusal(empty)).code).toBe('INPUT.INVALID');
    expect((await refusal(world.domain.engine.enableRoot(world.caller('OWNER'), { instanceId: id, password: '' }))).code).toBe('INPUT.INVALID');
  });
});

describe('a mutation without work is framed by a start and an end of its request', () => {
  const frames = (type: string, role: string): string[] => [`${type} START token:${role} 10.0.0.9`, `${type} END token:${role} 10.0.0.9`];
  it('an update of an instance', async () => {
    const id = await world.addInstance('shop');
    expect(await world.domain.instances.update(world.caller('EDITOR', 'r1'), { instanceId: id, name: 'store' })).toMatchObject({ id, name: 'store' });
    expect(await world.framesOf('r1')).toEqual(frames('instance.update', 'EDITOR'));
    expect((await refusal(world.domain.instances.update(world.caller('EDITOR', 'r2'), { instanceId: id, name: '' }))).code).toBe('INPUT.INVALID');
    expect(await world.framesOf('r2')).toEqual([]);
  });
  it('projects and tokens', async () => {
    const { access } = world.domain;
    const project = await access.createProject(world.caller('OPERATOR', 'r1'), 'blue');
    const { token, secret } = await access.createToken(world.caller('OPERATOR', 'r2'), { projectId: project.id, name: 'ci', role: 'EDITOR' });
    expect(await access.authenticate(secret, null, 'x')).toMatchObject({ role: 'EDITOR', projectId: project.id });
    await access.revokeToken(world.caller('OPERATOR', 'r3'), token.id);
    expect(await access.authenticate(secret, null, 'x')).toBeNull();
    await access.deleteProject(world.caller('OPERATOR', 'r4'), project.id);
    expect((await refusal(access.deleteProject(world.caller('OPERATOR', 'r5'), project.id))).code).toBe('RESOURCE.NOT_FOUND');
    for (const [request, type] of [['r1', 'project.create'], ['r2', 'token.create'], ['r3', 'token.revoke'], ['r4', 'project.delete']] as const) expect(await world.framesOf(request)).toEqual(frames(type, 'OPERATOR'));
    expect(JSON.stringify(await world.store.query('select data, doc from event'))).not.toContain(secret);
  });
});
