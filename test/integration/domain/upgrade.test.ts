/** An upgrade on a host that answers as told: what it says of the time in which clients were without the engine, and of the host's disk. */
import { expect, it } from 'vitest';
import type { RunRequest } from '../../../gateway/agents/agents.ts';
import { CofferError } from '../../../kernel/errors.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
useDomainWorld((fresh) => { world = fresh; });

const build = (track: string) => ({ id: `redis-${track}`, datastore: 'redis', track, version: `${track}.0`, prefix: '/x', binDir: '/x/bin', installedAt: '', artefacts: [] });

async function addRedis(name: string, change: object = {}): Promise<string> {
  const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore('redis')!.id, true).find((one) => one.name === '7')!;
  world.script.compute = { inspect: async () => ({ state: 'running' }) as never, ensureEngine: async () => build('8') as never, listBuilds: async () => [build('7'), build('8')] as never };
  return world.addInstance(name, { datastore: 'redis', track: '7', version_id: version.id, build_id: 'redis-7', ...change });
}

it('a copy of the data that would go into the host\'s reserve is a finding, unless it takes no room there', async () => {
  world.deps.reserve.diskBytes = 2 * 1024 ** 3;
  await world.store.query('update host set facts = facts || $1', [JSON.stringify({ diskFreeBytes: 3 * 1024 ** 3 })]);
  const room = { dataBytes: 1.5 * 1024 ** 3, freeBytes: 3 * 1024 ** 3, reflink: false };
  world.script.run = (async () => ({ items: [], restartRequired: [], rootName: '', findings: [], upgradeRoom: room, fault: undefined })) as never;
  const findings = async (id: string) => {
    const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8', dryRun: true });
    expect((await world.operations.waitForEnd(operation.id, 15_000)).state).toBe('SUCCEEDED');
    return (await world.domain.operations.upgradeCheck(operation.id))!.findings;
  };
  world.startWorker();
  const id = await addRedis('shop');
  expect(await findings(id)).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('1024 MB of disk beyond it') as string }]);
  expect(await findings(await addRedis('own', { volume_type: 'loop' }))).toEqual([]);
  room.reflink = true;
  expect(await findings(id)).toEqual([]);
});

it('an interruption begins with the first attempt to stop the engine, also when that is made again', async () => {
  const id = await addRedis('shop');
  let stops = 0;
  const isStopped = Promise.withResolvers<void>();
  world.script.run = (async (_id: string, { step }: RunRequest, { signal }: { signal: AbortSignal }) => {
    if (step === 'stop') stops += 1;
    if (step === 'stop' && stops === 1) throw new CofferError('AGENT.UNREACHABLE', 'it was just away');
    if (step === 'keep') {
      isStopped.resolve();
      await new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
    }
    return { items: [], restartRequired: [], rootName: '', findings: [], fault: undefined };
  }) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' });
  await isStopped.promise;
  expect(stops).toBe(2);
  const { outputs, steps } = await world.operations.waitForEnd(operation.id, 1);
  expect(outputs['stop']).toEqual({ stoppedAt: steps.find(({ name }) => name === 'stop')!.startedAt });
});

/** Of a group whose version has come to take less than it did. */
async function withOldValue(id: string): Promise<string> {
  const caller = world.caller('EDITOR');
  const group = await world.domain.configurations.create(caller, { name: 'web', datastore: 'redis', version: '7', values: [{ name: 'work_mem', value: '8MB' }] });
  await world.store.query(`update configuration_revision set values = '[{"name":"gone","value":"1","kind":"LITERAL"},{"name":"work_mem","value":"8192","kind":"LITERAL"}]'::json where configuration_id = $1`, [group.id]);
  await world.store.query('update instance set configuration_id = $2, configuration_revision = 1 where id = $1', [id, group.id]);
  return group.id;
}
const done = { items: [], restartRequired: [], rootName: '', findings: [], fault: undefined };

it('an empty id of a group is none that could follow, and does not mean that the values are taken along', async () => {
  const id = await addRedis('shop');
  await withOldValue(id);
  await expect(world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8', configuration: { configurationId: '', drop: ['gone'] } })).rejects.toMatchObject({ details: { issues: [{ path: ['input', 'configuration', 'drop'] }] } });
  await expect(world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8', configuration: { configurationId: '' } })).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
});

it('a group that follows one with a long name has the version at the end of its name all the same', async () => {
  const id = await addRedis('shop');
  await world.domain.configurations.replace(world.caller('EDITOR'), { configurationId: await withOldValue(id), name: `${'long-'.repeat(12)}abc` });
  const { findings } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8', configuration: { drop: ['gone'] } });
  expect(findings).toMatchObject([{ subject: `${'long-'.repeat(11)}lo-8` }, { subject: 'gone' }]);
});

it('a group that an upgrade brings an instance to is not changed before its end', async () => {
  const caller = world.caller('EDITOR');
  const group = await world.domain.configurations.create(caller, { name: 'later', datastore: 'redis', version: '8', values: [{ name: 'work_mem', value: '8MB' }] });
  const id = await addRedis('shop');
  await withOldValue(id);
  const { operation } = await world.domain.instances.upgrade(caller, { instanceId: id, version: '8', configuration: { configurationId: group.id } });
  const patch = world.domain.configurations.patch(caller, { configurationId: group.id, set: [{ name: 'work_mem', value: '9MB' }] });
  await expect(patch).rejects.toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
});

it('a group whose instance gets a newer build alone is changed meanwhile: its rollout waits for that', async () => {
  const caller = world.caller('EDITOR');
  const group = await world.domain.configurations.create(caller, { name: 'web', datastore: 'redis', version: '7', values: [{ name: 'work_mem', value: '8MB' }] });
  const id = await addRedis('shop');
  await world.store.query('update instance set configuration_id = $2, configuration_revision = 1 where id = $1', [id, group.id]);
  world.deps.listBuilds = async () => [build('7'), { ...build('7'), id: 'redis-7b', version: '7.1', installedAt: '2026-01-01' }] as never;
  await world.domain.instances.upgrade(caller, { instanceId: id, version: '7' });
  expect(await world.domain.configurations.patch(caller, { configurationId: group.id, set: [{ name: 'work_mem', value: '9MB' }] })).toMatchObject({ configuration: { revision: 2 }, operation: { kind: 'configuration.rollout' } });
});

it('a newer build is not begun with where its version does not take a value of the group any more', async () => {
  const id = await addRedis('shop');
  await withOldValue(id);
  const newer = { ...build('7'), id: 'redis-7b', version: '7.1', installedAt: '2026-01-01' };
  world.deps.listBuilds = async () => [build('7'), newer] as never;
  world.script.compute = { ...world.script.compute, ensureEngine: async () => newer as never, listBuilds: async () => [build('7'), newer] as never };
  world.script.run = (async () => done) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '7' });
  expect(await world.operations.waitForEnd(operation.id, 15_000)).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE', message: expect.stringContaining('gone: is no parameter of this version: the group has to be changed first') as string } });
  expect(world.commands).toEqual(['check:checkUpgrade']);
});

it('an engine is up again after a failure, also where its group could not be attached any more', async () => {
  const id = await addRedis('shop');
  await withOldValue(id);
  world.script.run = (async (_id: string, { step }: RunRequest) => {
    if (step === 'undo-stop') await world.store.query(`update instance set observation = observation || '{"engine":"ok","afterCommand":null}' where id = $1`, [id]);
    return step === 'keep' ? { ...done, fault: { code: 'REFUSED', message: 'no room' } } : done;
  }) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8', configuration: { drop: ['gone'] } });
  const { state, fault } = await world.operations.waitForEnd(operation.id, 15_000);
  expect([state, fault?.message]).toEqual(['FAILED', 'Keep a copy of the data: no room']);
  expect(world.commands.at(-1)).toBe('undo-stop:start');
});

it('an engine that runs without the values that it did not start with is up again: nothing is left to be undone', async () => {
  const id = await addRedis('shop');
  const said = 'The engine did not start with its new values and runs with the former ones again: FATAL';
  world.script.run = (async (_id: string, { step }: RunRequest) => {
    if (step === 'undo-stop') await world.store.query(`update instance set observation = observation || '{"engine":"ok","afterCommand":null}' where id = $1`, [id]);
    return step === 'keep' || step === 'undo-stop' ? { ...done, fault: { code: 'REFUSED', message: step === 'keep' ? 'no room' : said } } : done;
  }) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' });
  expect(await world.operations.waitForEnd(operation.id, 15_000)).toMatchObject({ state: 'FAILED', fault: { message: 'Keep a copy of the data: no room' } });
  expect(world.commands.filter((one) => one.startsWith('undo-stop'))).toEqual(['undo-stop:start']);
});

it('one whose group the engine did not start with is not begun with; what waits for a restart is told', async () => {
  const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore('redis')!.id, true).find((one) => one.name === '7')!;
  const group = await world.domain.configurations.create(world.caller('EDITOR'), { name: 'web', datastore: 'redis', version: version.name, values: [{ name: 'work_mem', value: '8MB' }] });
  const configuration = { applied: '', restartRequired: [] as string[], drifted: [], rejected: { group: `${group.id}/1`, reason: 'FATAL: out of range' } as object | null };
  const newer = { ...build('7'), id: 'redis-7b', version: '7.1', installedAt: '2026-01-01' };
  world.deps.listBuilds = async () => [build('7'), newer] as never;
  const id = await addRedis('shop', { configuration_id: group.id, configuration_revision: 1 });
  world.script.compute = { ...world.script.compute, ensureEngine: async () => newer as never, listBuilds: async () => [build('7'), newer] as never };
  world.script.run = (async () => done) as never;
  world.startWorker();
  const check = async () => {
    await world.store.query('update instance set observation = observation || $2 where id = $1', [id, JSON.stringify({ engine: 'ok', configuration })]);
    const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '7', dryRun: true });
    await world.operations.waitForEnd(operation.id, 15_000);
    return (await world.domain.operations.upgradeCheck(operation.id))!.findings;
  };
  expect(await check()).toEqual([{ severity: 'ERROR', subject: 'configuration', message: expect.stringMatching(/did not start with the values of revision 1 of configuration cfg_\w+ .*detach it first.*out of range/) as string }]);
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '7' });
  expect(await world.operations.waitForEnd(operation.id, 15_000)).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE', message: expect.stringContaining('detach it first') as string } });
  expect(world.commands).toEqual(['check:checkUpgrade', 'check:checkUpgrade']);
  Object.assign(configuration, { rejected: { group: `${group.id}/9`, reason: 'of another' }, restartRequired: ['work_mem'] });
  expect(await check()).toMatchObject([{ severity: 'WARNING', subject: 'configuration', message: expect.stringContaining('work_mem') as string }]);
});

const stepsThatCanBeCalledOff = ['check', 'stop', 'keep', 'switch', 'run', 'configure'] as const;

it.each(stepsThatCanBeCalledOff.flatMap((at) => [[at, 'RUNNING'], [at, 'STOPPED']] as const))('called off at "%s", an instance that was %s is as it was', async (at, intent) => {
  const id = await addRedis('shop', { intent, agent: JSON.stringify({ buildId: 'redis-7', capabilities: ['UPGRADE', 'CONFIGURATION'] }), observation: JSON.stringify({ prepared: true, engine: intent === 'RUNNING' ? 'ok' : 'down', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false }) });
  const before = await world.instance(id);
  const reached = Promise.withResolvers<void>();
  const hang = async (signal: AbortSignal): Promise<never> => {
    reached.resolve();
    return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
  };
  const engine = (state: string): Promise<unknown> => world.store.query('update instance set observation = observation || $2 where id = $1', [id, JSON.stringify({ engine: state })]);
  let isSwitched = false;
  world.script.compute = {
    ...world.script.compute,
    changeGuest: async (_id, { build: other }, { signal }) => {
      await world.store.query('update instance set agent = agent || $2 where id = $1', [id, JSON.stringify({ buildId: other!.buildId })]);
      if (at === 'switch' && !isSwitched) { isSwitched = true; await hang(signal!); }
      return {} as never;
    },
  };
  world.script.run = (async (_id: string, { step, command }: RunRequest, { signal }: { signal: AbortSignal }) => {
    if (command?.$case === 'start') await engine('ok');
    if (command?.$case === 'stop') await engine('down');
    return step === at ? hang(signal) : done;
  }) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' });
  await reached.promise;
  await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
  expect(await world.operations.waitForEnd(operation.id, 20_000)).toMatchObject({ state: 'CANCELLED', fault: { message: expect.not.stringContaining('undoing') as string } });
  const { version_id, track, build_id, configuration_id, intent: wanted, observation, agent } = await world.instance(id);
  expect({ version_id, track, build_id, configuration_id, intent: wanted, observation, agent }).toEqual({
    version_id: before['version_id'], track: '7', build_id: 'redis-7', configuration_id: null, intent, observation: before['observation'], agent: before['agent'],
  });
  const reverts = world.commands.filter((one) => one.endsWith(':revertUpgrade'));
  expect(reverts).toEqual({ check: [], stop: [], keep: ['undo-keep:revertUpgrade'], switch: ['undo-keep:revertUpgrade'], run: ['undo-run:revertUpgrade', 'undo-keep:revertUpgrade'], configure: ['undo-run:revertUpgrade', 'undo-keep:revertUpgrade'] }[at]);
});

it('a canary that was deleted has shown nothing: another is one in its place', async () => {
  const ids = [await addRedis('a'), await addRedis('b'), await addRedis('c')];
  const newer = { ...build('7'), id: 'redis-7b', version: '7.1', installedAt: '2026-01-01' };
  const builds = [build('7'), newer];
  world.deps.listBuilds = async () => builds as never;
  world.script.compute = { ...world.script.compute, listBuilds: async () => builds as never, destroy: async () => {} };
  const hung: string[] = [];
  world.script.run = (async (id: string, { step }: RunRequest, { signal }: { signal: AbortSignal }) => {
    if (step !== 'check') return done;
    hung.push(id);
    return new Promise((_resolve, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); });
  }) as never;
  world.startWorker();
  const operation = await world.domain.instances.rolloutUpgrade(world.caller('OPERATOR'), { datastore: 'redis', version: '7', canary: 1, waveSize: 2 });
  await expect.poll(() => hung.length, { timeout: 10_000 }).toBe(1);
  await world.domain.instances.delete(world.caller('OPERATOR'), { instanceId: hung[0]!, force: true });
  await expect.poll(() => hung.length, { timeout: 15_000 }).toBeGreaterThan(1);
  const { edges } = await world.domain.operations.list(world.caller('OPERATOR'), {}, { parentId: operation.id });
  expect(edges.map(({ node }) => node.state).sort()).toEqual(['CANCELLED', 'RUNNING']);
  expect(ids).toContain(hung[1]);
});

it('a rollout waits for an upgrade by hand that may still go back, and then brings the build there', async () => {
  const known = {
    endpoints: JSON.stringify([{ host: '127.0.0.1', port: 1 }]), agent: JSON.stringify({ buildId: 'redis-7', capabilities: ['UPGRADE', 'CONFIGURATION'] }),
    observation: JSON.stringify({ prepared: true, engine: 'ok', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false }),
  };
  const [a, b] = [await addRedis('a', known), await addRedis('b', known)];
  const newer = { ...build('7'), id: 'redis-7b', version: '7.1', installedAt: '2026-01-01' };
  const builds = [build('7'), newer];
  world.deps.listBuilds = async () => builds as never;
  world.script.compute = {
    ...world.script.compute, listBuilds: async () => builds as never, ensureEngine: async () => newer as never,
    changeGuest: async (id, { build: other }) => { await world.store.query('update instance set agent = agent || $2 where id = $1', [id, JSON.stringify({ buildId: other!.buildId })]); return {} as never; },
  };
  world.script.client = { verifyRefusal: async () => {} };
  const [isSwitched, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let runs = 0;
  world.script.run = (async (id: string, { step, command }: RunRequest) => {
    const engine = command?.$case === 'start' ? 'ok' : command?.$case === 'stop' ? 'down' : null;
    if (engine) await world.store.query('update instance set observation = observation || $2 where id = $1', [id, JSON.stringify({ engine, afterCommand: null })]);
    if (id !== a || step !== 'run' || (runs += 1) > 1) return done;
    isSwitched.resolve();
    await goesOn.promise;
    return { ...done, fault: { code: 'REFUSED', message: 'not now' } };
  }) as never;
  world.startWorker();
  const { operation: byHand } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: a, version: '7' });
  await isSwitched.promise;
  const rollout = await world.domain.instances.rolloutUpgrade(world.caller('OPERATOR'), { datastore: 'redis', version: '7' });
  await expect.poll(async () => (await world.operations.get(rollout.id))!.steps[0]!.message, { timeout: 15_000 }).toContain('1 of 2 instances have redis-7b; a is waited for');
  goesOn.resolve();
  expect((await world.operations.waitForEnd(byHand.id, 15_000)).state).toBe('FAILED');
  expect((await world.operations.waitForEnd(rollout.id, 20_000)).state).toBe('SUCCEEDED');
  expect(await Promise.all([a, b].map(async (id) => (await world.instance(id))['build_id']))).toEqual(['redis-7b', 'redis-7b']);
});

it('a version that an instance is being brought to, or would go back to, is not deleted', async () => {
  const id = await addRedis('shop');
  const operator = world.caller('OPERATOR');
  const versionId = (name: string): string => world.catalogue.versions(operator, world.catalogue.datastore('redis')!.id, true).find((one) => one.name === name)!.id;
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' });
  // As once the agent has the new build.
  await world.store.query('update instance set version_id = $2 where id = $1', [id, versionId('8')]);
  const refused = { code: 'PRECONDITION.STATE', message: expect.stringContaining(operation.id) as string };
  await expect(world.domain.catalogueChanges.deleteVersion(operator, versionId('7'))).rejects.toMatchObject(refused);
  await world.store.query('update instance set version_id = $2 where id = $1', [id, versionId('7')]);
  await expect(world.domain.catalogueChanges.deleteVersion(operator, versionId('8'))).rejects.toMatchObject(refused);
  await world.domain.operations.cancel(operator, operation.id);
  const seven = versionId('7');
  await world.domain.catalogueChanges.deleteVersion(operator, versionId('8'));
  await expect(world.domain.catalogueChanges.deleteVersion(operator, seven)).rejects.toMatchObject({ message: expect.stringContaining('instance') as string });
});

it('is not begun to a version that was deleted at that moment', async () => {
  const id = await addRedis('shop');
  const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore('redis')!.id, true).find((one) => one.name === '8')!;
  // By another gateway: this one has not heard of it.
  await world.store.query('update datastore_version set removed_at = now(), active = false where id = $1', [version.id]);
  await expect(world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' })).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
});

it.each([['OPERATION.STEP_FAILED', 1], ['ENGINE.UNAVAILABLE', 3]] as const)('what the upgrade itself ends with is taken for its answer, trouble is not: tries after %s: %i', async (code, times) => {
  const id = await addRedis('shop', { agent: JSON.stringify({ buildId: 'redis-7', capabilities: ['UPGRADE', 'CONFIGURATION'] }), observation: JSON.stringify({ prepared: true, engine: 'ok', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false }) });
  world.script.compute = {
    ...world.script.compute,
    changeGuest: async (_id, { build: other }) => { await world.store.query('update instance set agent = agent || $2 where id = $1', [id, JSON.stringify({ buildId: other!.buildId })]); return {} as never; },
  };
  world.script.run = (async (_id: string, { step, command }: RunRequest) => {
    const engine = command?.$case === 'start' ? 'ok' : command?.$case === 'stop' ? 'down' : null;
    if (engine) await world.store.query('update instance set observation = observation || $2 where id = $1', [id, JSON.stringify({ engine })]);
    if (step === 'run') throw new CofferError(code, 'the tables do not fit');
    return done;
  }) as never;
  world.startWorker();
  const { operation } = await world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId: id, version: '8' });
  expect(await world.operations.waitForEnd(operation.id, 20_000)).toMatchObject({ state: 'FAILED', fault: { code, message: 'Bring the data to the new version: the tables do not fit' } });
  expect(world.commands.filter((one) => one === 'run:runUpgrade')).toHaveLength(times);
  expect(await world.instance(id)).toMatchObject({ build_id: 'redis-7' });
});

it('what takes the place of a value comes along, and the next of the same group gets the group of the first', async () => {
  const known = {
    endpoints: JSON.stringify([{ host: '127.0.0.1', port: 1 }]), agent: JSON.stringify({ buildId: 'redis-7', capabilities: ['UPGRADE', 'CONFIGURATION'] }),
    observation: JSON.stringify({ prepared: true, engine: 'ok', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: null, managementLost: false }),
  };
  const ids = [await addRedis('one', known), await addRedis('two', known)] as const;
  await world.store.query('update instance set configuration_id = $1, configuration_revision = 1', [await withOldValue(ids[0])]);
  world.script.compute = {
    ...world.script.compute,
    changeGuest: async (id, { build: other }) => { await world.store.query('update instance set agent = agent || $2 where id = $1', [id, JSON.stringify({ buildId: other!.buildId })]); return {} as never; },
  };
  world.script.run = (async (id: string, { command }: RunRequest) => {
    const engine = command?.$case === 'start' ? 'ok' : command?.$case === 'stop' ? 'down' : null;
    if (engine) await world.store.query(`update instance set observation = observation || $2 where id = $1`, [id, JSON.stringify({ engine, afterCommand: null })]);
    return done;
  }) as never;
  world.script.client = { verifyRefusal: async () => {} };
  const configuration = { drop: ['gone'], set: [{ name: 'work_mem', value: '16MB' }, { name: 'max_connections', value: 50 }] };
  const upgrade = (instanceId: string, mapping: object) => world.domain.instances.upgrade(world.caller('EDITOR'), { instanceId, version: '8', configuration: mapping });
  const issues = async (mapping: object): Promise<unknown> => upgrade(ids[0], mapping).then(() => null, (error: { details: { issues: { path: string[]; message: string }[] } }) => error.details.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  expect(await issues({})).toEqual([expect.stringMatching(/^input\.configuration\.drop: gone is no parameter of this version.*name it here to go on without it, or set what takes its place$/)]);
  expect(await issues({ drop: ['gone'], set: [{ name: 'work_mem', value: '1kB' }] })).toEqual([expect.stringMatching(/^input\.configuration\.set\.0\.value: work_mem /)]);
  expect(await issues({ drop: ['gone', 'work_mem'], set: [{ name: 'work_mem', value: '16MB' }] })).toEqual(['input.configuration.set.0.name: work_mem is to be dropped too: name it in one of the two']);

  // The name that it would have is another group's.
  await world.domain.configurations.create(world.caller('EDITOR'), { name: 'web-8', datastore: 'redis', version: '8', values: [] });

  world.startWorker();
  const told: (string | null)[] = [];
  for (const id of ids) {
    const { operation, findings } = await upgrade(id, configuration);
    told.push(findings![0]!.subject);
    expect(findings![0]!.message).toMatch(id === ids[0] ? /^this group is made for 8/ : /^this group was made for 8 .* before/);
    expect(await world.operations.waitForEnd(operation.id, 15_000)).toMatchObject({ state: 'SUCCEEDED' });
  }
  const [first, second] = await Promise.all(ids.map((id) => world.instance(id)));
  expect(second!['configuration_id']).toBe(first!['configuration_id']);
  const made = await world.domain.configurations.find(world.caller('EDITOR'), { id: first!['configuration_id'] as string });
  expect(told).toEqual([made!.name, made!.name]);
  expect(made!.values.map(({ name, value }) => `${name}=${value}`).sort()).toEqual(['max_connections=50', 'work_mem=16384']);
});
