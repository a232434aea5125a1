/** Resizing over a real store and the release's workflows; agent and host do as they are told, in the order that is written down here. */
import { describe, expect, it } from 'vitest';
import type { RunRequest } from '../../../gateway/agents/agents.ts';
import { CofferError } from '../../../kernel/errors.ts';
import type { GuestChange } from '../../../strategies/spi/compute.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
/** What was done, in order: limits in MB and commands by their steps. */
let deeds: string[];
/** What the agent answers to a step; left out: success. */
let answers: Record<string, (request: RunRequest) => object>;
/** What the host says of limits under so many MB. */
let unenforced: (memoryMb: number) => string | null;
useDomainWorld((fresh) => {
  world = fresh;
  [deeds, answers, unenforced] = [[], {}, () => null];
  world.script.compute = {
    inspect: async () => ({ state: 'running', limitsUnenforced: null }) as never,
    async changeGuest(_id: string, { flavor }: GuestChange) {
      deeds.push(`limits ${flavor!.memoryMb}`);
      return { state: 'running', limitsUnenforced: unenforced(flavor!.memoryMb) } as never;
    },
  };
  world.script.run = (async (_id: string, request: RunRequest) => {
    deeds.push(request.step);
    return { items: [], restartRequired: [], rootName: '', findings: [], ...answers[request.step]?.(request) };
  }) as never;
  world.script.probe = async () => ({ state: 'ok', detail: null, latencyMs: 1 }) as never;
  world.startWorker();
});

const editor = () => world.caller('EDITOR');
const flavorId = (name: string): string => world.catalogue.flavor(name)!.id;
const add = (flavor: string, change: Record<string, unknown> = {}): Promise<string> => world.addInstance(`shop-${flavor}-${deeds.length}`, { flavor_id: flavorId(flavor), ...change });
const resize = (instanceId: string, flavor: string) => world.domain.instances.resize(editor(), { instanceId, flavor });
async function resized(instanceId: string, flavor: string) {
  const { operation } = await resize(instanceId, flavor);
  return world.operations.waitForEnd(operation.id, 20_000);
}
const refusal = async (work: Promise<unknown>): Promise<CofferError> => work.then(() => { throw new Error('it was not refused'); }, (error: CofferError) => error);
const rowOf = async (id: string): Promise<unknown[]> => { const row = await world.instance(id); return [row['flavor_id'], row['wanted_flavor_id']]; };
const asks = (...restartRequired: string[]) => () => ({ restartRequired });
const failing = (code: 'ENGINE.FAILED_TO_START' | 'ENGINE.UNAVAILABLE', message: string) => () => { throw new CofferError(code, message); };

describe('the order of things', () => {
  it('for more memory: limits, values, the restart that is asked for', async () => {
    const id = await add('nano');
    answers['configure'] = asks('shared_buffers');
    expect(await resized(id, 'micro')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds).toEqual(['check', 'limits 512', 'configure', 'restart']);
    expect(await rowOf(id)).toEqual([flavorId('micro'), null]);
  });
  it('for less memory: values, restart, limits; no restart where none is asked for', async () => {
    const id = await add('micro');
    expect(await resized(id, 'nano')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds).toEqual(['check', 'configure', 'limits 256']);
    expect(await rowOf(id)).toEqual([flavorId('nano'), null]);
  });
  it('for more memory a stopped engine is neither asked nor started, whatever waits for a restart', async () => {
    const id = await add('nano', { intent: 'STOPPED', status: 'STOPPED' });
    answers['configure'] = asks('shared_buffers');
    world.script.probe = async () => { throw new Error('it is stopped'); };
    expect(await resized(id, 'micro')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds).toEqual(['limits 512', 'configure']);
  });
  it('the plugin is asked about the values of the new size', async () => {
    let told: RunRequest['command'] | undefined;
    answers['check'] = ({ command }) => { told = command; return {}; };
    await resized(await add('nano'), 'micro');
    expect(told!).toMatchObject({ $case: 'checkResize', value: { memoryMb: 512, volumeGb: 1, sizing: { shared_buffers: '128MB' }, parameters: {} } });
  });
});

describe('what does not work', () => {
  it('is refused by the engine before anything changes, with all that was found', async () => {
    const id = await add('micro');
    answers['check'] = () => ({ findings: [{ severity: 'ERROR', subject: 'used_memory', message: '300 MB are in use' }, { severity: 'WARNING', message: 'slow' }, { severity: 'ERROR', message: 'no' }] });
    expect(await resized(id, 'nano')).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.UNFIT', message: 'Ask the engine whether it fits: used_memory: 300 MB are in use; no' } });
    expect(deeds).toEqual(['check']);
    expect(await rowOf(id)).toEqual([flavorId('micro'), null]);
    expect((await world.instance(id))['fault']).toMatchObject({ code: 'PRECONDITION.UNFIT' });
  });
  it('a warning stops nothing and is told', async () => {
    answers['check'] = () => ({ findings: [{ severity: 'WARNING', subject: 'max_connections', message: '70 are open' }] });
    const { state, steps } = await resized(await add('micro'), 'nano');
    expect([state, steps.find(({ name }) => name === 'check')?.message]).toEqual(['SUCCEEDED', 'max_connections: 70 are open']);
  });
  it('an engine that does not start: values and limits are as before, and the fault has its words', async () => {
    const id = await add('nano');
    answers['configure'] = asks('shared_buffers');
    answers['restart'] = failing('ENGINE.FAILED_TO_START', 'FATAL: no memory');
    expect(await resized(id, 'micro')).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START', message: 'Restart the engine: FATAL: no memory' } });
    expect(deeds).toEqual(['check', 'limits 512', 'configure', 'restart', 'undo-start', 'undo-configure', 'limits 256']);
    expect(await rowOf(id)).toEqual([flavorId('nano'), null]);
  });
  it('an engine that runs with new values is restarted with the former ones, below limits that bear both', async () => {
    const id = await add('micro');
    answers['configure'] = answers['undo-configure'] = asks('shared_buffers');
    unenforced = (memoryMb) => (memoryMb === 256 ? 'EBUSY' : null);
    expect(await resized(id, 'nano')).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.UNFIT', message: expect.stringContaining('EBUSY') } });
    expect(deeds).toEqual(['check', 'configure', 'restart', 'limits 256', 'limits 512', 'undo-start', 'undo-configure', 'undo-restart', 'limits 512']);
    expect(await rowOf(id)).toEqual([flavorId('micro'), null]);
  });
  it.each([
    ['', () => ({ fault: { code: 'REFUSED', message: 'huge pages' } })], [', as an agent of an earlier release says it', failing('ENGINE.FAILED_TO_START', 'huge pages')],
  ])('values that waited for a restart before, and that the engine does not start with, keep nothing from being undone%s', async (_title, answer) => {
    answers['configure'] = answers['undo-configure'] = asks('huge_pages');
    answers['restart'] = answers['undo-restart'] = answer;
    const { state, fault } = await resized(await add('nano'), 'micro');
    expect([state, fault?.message]).toEqual(['FAILED', 'Restart the engine: huge pages']);
    expect(deeds.slice(-2)).toEqual(['undo-restart', 'limits 256']);
  });
  it('values that waited for a restart before go on waiting when none has come', async () => {
    answers['configure'] = () => ({ fault: { code: 'REFUSED', message: 'work_mem: no' } });
    answers['undo-configure'] = asks('huge_pages');
    expect(await resized(await add('nano'), 'micro')).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED' } });
    expect(deeds).toEqual(['check', 'limits 512', 'configure', 'undo-configure', 'limits 256']);
  });
  it('an agent that went back to the former values while its worker died is not taken for success', async () => {
    const id = await add('nano');
    answers['configure'] = asks('shared_buffers');
    const observation = { ...(await world.instance(id))['observation'], configuration: { applied: null, restartRequired: [], drifted: [], rejected: { group: '', reason: 'FATAL: no memory' } } };
    await world.store.query('update instance set observation = $2 where id = $1', [id, JSON.stringify(observation)]);
    expect(await resized(id, 'micro')).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringContaining('FATAL: no memory') } });
    expect(deeds.at(-1)).toBe('limits 256');
  });
  it('limits stay while the engine cannot be given its former values', async () => {
    answers['configure'] = asks('shared_buffers');
    answers['restart'] = failing('ENGINE.FAILED_TO_START', 'no');
    answers['undo-configure'] = failing('ENGINE.UNAVAILABLE', 'silent');
    const { fault } = await resized(await add('nano'), 'micro');
    expect(fault?.message).toMatch(/undoing "Raise the limits" did not succeed: .*silent/);
    expect(deeds.at(-1)).toBe('undo-configure');
  });
  it('called off in its restart it brings the engine up first: one on its way takes no values', async () => {
    const id = await add('nano');
    let isUp = true;
    answers['configure'] = asks('shared_buffers');
    answers['undo-start'] = () => { isUp = true; return {}; };
    answers['undo-configure'] = () => (isUp ? { restartRequired: ['shared_buffers'] } : failing('ENGINE.UNAVAILABLE', 'it is on its way')());
    const run = world.script.run as unknown as (id: string, request: RunRequest, ctx: { signal: AbortSignal }) => Promise<unknown>;
    const reached = Promise.withResolvers<void>();
    world.script.run = (async (...given: Parameters<typeof run>) => {
      const answer = await run(...given);
      if (given[1].step !== 'restart') return answer;
      isUp = false;
      reached.resolve();
      return new Promise((_resolve, reject) => { given[2].signal.addEventListener('abort', () => reject(new CofferError('OPERATION.CANCELLED', 'called off'))); });
    }) as never;
    const { operation } = await resize(id, 'micro');
    await reached.promise;
    await world.domain.operations.cancel(editor(), operation.id);
    expect(await world.operations.waitForEnd(operation.id, 20_000)).toMatchObject({ state: 'CANCELLED', fault: { message: expect.not.stringContaining('undoing') } });
    expect(deeds).toEqual(['check', 'limits 512', 'configure', 'restart', 'undo-start', 'undo-configure', 'undo-restart', 'limits 256']);
    expect(await rowOf(id)).toEqual([flavorId('nano'), null]);
  });
  it('the same size again puts right what a way back has left, and is nothing to do otherwise', async () => {
    const id = await add('nano');
    answers['configure'] = asks('shared_buffers');
    answers['restart'] = failing('ENGINE.FAILED_TO_START', 'no');
    answers['undo-configure'] = failing('ENGINE.UNAVAILABLE', 'silent');
    await resized(id, 'micro');
    // The host counts what the limits may still allow, whatever succeeds meanwhile.
    expect(await rowOf(id)).toEqual([flavorId('nano'), flavorId('micro')]);
    await world.store.query('update instance set fault = null where id = $1', [id]);
    [deeds, answers] = [[], {}];
    expect(await resized(id, 'nano')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds).toEqual(['check', 'configure', 'limits 256']);
    expect(await rowOf(id)).toEqual([flavorId('nano'), null]);
    expect(await refusal(resize(id, 'nano'))).toMatchObject({ code: 'PRECONDITION.STATE', message: expect.stringContaining('has the flavor nano') as string });
  });
});

describe('less memory for a stopped engine', () => {
  const observation = (engine: string): string => JSON.stringify({ prepared: true, engine, isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false });
  const addStopped = async (): Promise<string> => {
    const id = await add('micro', { intent: 'STOPPED', status: 'STOPPED', observation: observation('down') });
    const run = world.script.run;
    world.script.run = (async (_id: string, request: RunRequest, more: never) => {
      const kind = request.command?.$case;
      if (kind === 'start' || kind === 'stop') await world.store.query('update instance set observation = observation || $2 where id = $1', [id, JSON.stringify({ engine: kind === 'start' ? 'ok' : 'down' })]);
      return run!(_id, request, more);
    }) as never;
    return id;
  };
  const stateOf = async (id: string) => { const { intent, observation: seen, wanted_flavor_id: wanted, flavor_id: flavor } = await world.instance(id); return { intent, seen, wanted, flavor }; };

  it('is judged by what it holds: it runs just for that', async () => {
    const id = await addStopped();
    const before = await stateOf(id);
    expect(await resized(id, 'nano')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds).toEqual(['wake', 'check', 'rest', 'configure', 'limits 256']);
    expect(await stateOf(id)).toEqual({ ...before, flavor: flavorId('nano') });
  });
  it('is refused where what it holds does not fit, and it rests as it did', async () => {
    const id = await addStopped();
    const before = await stateOf(id);
    answers['check'] = () => ({ findings: [{ severity: 'ERROR', subject: 'used_memory', message: '300 MB are in use' }] });
    expect(await resized(id, 'nano')).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.UNFIT', message: 'Ask the engine whether it fits: used_memory: 300 MB are in use' } });
    expect(deeds).toEqual(['wake', 'check', 'undo-wake']);
    expect(await stateOf(id)).toEqual(before);
  });
  it('is not given to one that does not start to be asked', async () => {
    const id = await addStopped();
    const before = await stateOf(id);
    answers['wake'] = failing('ENGINE.FAILED_TO_START', 'FATAL: no data');
    expect(await resized(id, 'nano')).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START', message: 'Start the engine to ask it: FATAL: no data' } });
    expect([deeds.at(-1), await stateOf(id)]).toEqual(['undo-wake', before]);
    expect(deeds).not.toContain('check');
  });
  it('ends at once, and says so, where its agent is gone before it rests again', async () => {
    const id = await addStopped();
    answers['check'] = () => ({ fault: { code: 'FAILED', message: 'no' } });
    answers['undo-wake'] = () => { throw new CofferError('AGENT.UNREACHABLE', 'it is away'); };
    const { state, fault } = await resized(id, 'nano');
    expect([state, fault?.message]).toEqual(['FAILED', expect.stringMatching(/undoing "Start the engine to ask it" did not succeed: .*it is away/)]);
  });
  it.each(['wake', 'check', 'rest', 'configure', 'limits 256'])('called off at "%s", it is as it was', async (at) => {
    const id = await addStopped();
    const before = await stateOf(id);
    const reached = Promise.withResolvers<void>();
    const holding = <Parameters extends unknown[]>(doing: (...given: Parameters) => Promise<unknown>, signalOf: (...given: Parameters) => AbortSignal) => (async (...given: Parameters) => {
      const answer = await doing(...given);
      if (deeds.at(-1) !== at) return answer;
      reached.resolve();
      return new Promise((_resolve, reject) => { signalOf(...given).addEventListener('abort', () => reject(new CofferError('OPERATION.CANCELLED', 'called off'))); });
    }) as never;
    world.script.run = holding(world.script.run as (id: string, request: RunRequest, ctx: { signal: AbortSignal }) => Promise<unknown>, (_id, _request, { signal }) => signal);
    world.script.compute.changeGuest = holding(world.script.compute.changeGuest as (id: string, change: GuestChange, options: { signal: AbortSignal }) => Promise<unknown>, (_id, _change, { signal }) => signal);
    const { operation } = await resize(id, 'nano');
    await reached.promise;
    await world.domain.operations.cancel(editor(), operation.id);
    expect(await world.operations.waitForEnd(operation.id, 20_000)).toMatchObject({ state: 'CANCELLED', fault: { message: expect.not.stringContaining('undoing') } });
    expect(await stateOf(id)).toEqual(before);
    expect(deeds.at(-1)).toBe('undo-wake');
    if (deeds.includes('limits 256')) expect(deeds.findLast((one) => one.startsWith('limits'))).toBe('limits 512');
  });
});

describe('an engine that does not answer', () => {
  it('may need more memory for just that: it is given it, with a restart', async () => {
    answers['check'] = failing('ENGINE.UNAVAILABLE', 'it is down');
    expect(await resized(await add('nano'), 'micro')).toMatchObject({ state: 'SUCCEEDED' });
    expect(deeds.filter((deed) => deed !== 'check')).toEqual(['limits 512', 'configure', 'restart']);
  });
  it('is not given less', async () => {
    answers['check'] = failing('ENGINE.UNAVAILABLE', 'it is down');
    expect(await resized(await add('micro'), 'nano')).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.UNAVAILABLE' } });
    expect(new Set(deeds)).toEqual(new Set(['check']));
  });
});

describe('the host', () => {
  /** Holds the operation at the engine's answer. */
  function held(): { release(): void; reached: Promise<void> } {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const run = world.script.run;
    world.script.run = (async (id: string, request: RunRequest, more: never) => {
      if (request.step === 'check') {
        reached.resolve();
        await released.promise;
      }
      return run(id, request, more);
    }) as never;
    return { release: () => released.resolve(), reached: reached.promise };
  }

  it('counts the larger of the two flavors until the end; what it has not is refused at once', async () => {
    const [growing, other] = [await add('nano'), await add('micro')];
    for (const id of [growing, other]) await world.store.query(`insert into port_lease (host_id, port, instance_id, name) values ($1, $2, $3, 'p')`, [world.hostId, id === growing ? 30_000 : 30_001, id]);
    const gate = held();
    const { operation } = await resize(growing, 'small');
    await gate.reached;
    expect(await rowOf(growing)).toEqual([flavorId('nano'), flavorId('small')]);
    // Of 2048 MB 1024 and 512 are promised: another 512 are there, and 1536 are not.
    expect(await refusal(resize(other, 'medium'))).toMatchObject({ code: 'ADMISSION.NO_MEMORY', message: 'host h has 512 MB of memory to give, 1536 MB are needed' });
    expect(await rowOf(other)).toEqual([flavorId('micro'), null]);
    // Refused while it is wanted by nobody but a running resize.
    expect(await refusal(world.domain.catalogueChanges.deleteFlavor(world.caller('OPERATOR'), flavorId('small')))).toMatchObject({ code: 'PRECONDITION.STATE' });
    gate.release();
    expect(await world.operations.waitForEnd(operation.id, 20_000)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await resized(growing, 'nano')).toMatchObject({ state: 'SUCCEEDED' });
    expect((await refusal(resize(other, 'large'))).message).toContain('host h has 1280 MB');
  });
  it('of two that fit only alone the second is refused by its reservation', async () => {
    await world.stopWorkers();
    const ids = [await add('nano'), await add('nano', { name: 'second' })];
    for (const [i, id] of ids.entries()) await world.store.query(`insert into port_lease (host_id, port, instance_id, name) values ($1, $2, $3, 'p')`, [world.hostId, 30_000 + i, id]);
    const begun = await Promise.all(ids.map((id) => resize(id, 'small').then(({ operation }) => operation.id)));
    await world.store.query(`update host set facts = facts || '{"memoryTotalMb": 1500}'`);
    world.startWorker();
    const ends = await Promise.all(begun.map((id) => world.operations.waitForEnd(id, 20_000)));
    expect(ends.map(({ state, fault }) => fault?.code ?? state).sort()).toEqual(['ADMISSION.NO_MEMORY', 'SUCCEEDED']);
  });
  it('a resize is not ended half-way by a reset', async () => {
    const id = await add('nano');
    const gate = held();
    const { operation } = await resize(id, 'micro');
    await gate.reached;
    expect(await refusal(world.domain.instances.reset(world.caller('OPERATOR'), id))).toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    gate.release();
    await world.operations.waitForEnd(operation.id, 20_000);
  });
});

describe('what can be known beforehand is refused, and leaves nothing', () => {
  it.each<[string, Record<string, unknown>, string, object]>([
    ['a flavor that is not there', {}, 'nothing', { code: 'RESOURCE.NOT_FOUND' }],
    ['the one that it has', {}, 'nano', { code: 'PRECONDITION.STATE', message: expect.stringContaining('has the flavor nano') }],
    ['an instance that was never built', { prepared: false, status: 'ERROR' }, 'micro', { code: 'PRECONDITION.STATE', message: expect.stringContaining('never built') }],
    ['an agent that cannot', { agent: JSON.stringify({ capabilities: ['USERS'] }) }, 'micro', { code: 'CAPABILITY.UNSUPPORTED', message: expect.stringMatching(/the agent of .* has no RESIZE/) }],
  ])('%s', async (_what, change, flavor, refused) => {
    const id = await add('nano', change);
    expect(await refusal(resize(id, flavor))).toMatchObject(refused);
    expect(await world.store.query('select 1 from operation')).toEqual([]);
    expect(await rowOf(id)).toEqual([flavorId('nano'), null]);
  });
  it('a flavor that its version does not allow, by names', async () => {
    const id = await add('nano');
    const { version_id: versionId } = await world.instance(id);
    await world.domain.catalogueChanges.updateVersion(world.caller('OPERATOR'), { datastoreVersionId: versionId, flavors: ['nano', 'small'] });
    expect((await refusal(resize(id, 'micro'))).details.issues).toEqual([{ path: ['input', 'flavor'], message: expect.stringMatching(/does not allow micro; it allows nano, small/) }]);
  });
  it('a group that would not fit, by its parameter', async () => {
    const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore('redis')!.id, true).find(({ name }) => name === '7')!;
    const group = await world.domain.configurations.create(editor(), { name: 'web', datastore: 'redis', version: '7', values: [{ name: 'max_connections', value: '10 - {memoryMb} / 256' }] });
    const id = await add('nano', { datastore: 'redis', track: '7', version_id: version.id, configuration_id: group.id, configuration_revision: 1 });
    const { details: { issues } } = await refusal(resize(id, 'large'));
    expect(issues).toEqual([{ path: ['input', 'flavor'], message: expect.stringMatching(/^max_connections .*4096 MB, 1 GB\)$/) }]);
  });
});
