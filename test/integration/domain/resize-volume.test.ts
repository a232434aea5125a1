/** Larger volumes: what is accepted, what the operation does with a host that answers as told, and what grows by itself. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../kernel/clock.ts';
import { CofferError } from '../../../kernel/errors.ts';
import { readHostLoads } from '../../../gateway/domain/host-load.ts';
import { growVolumes } from '../../../gateway/reconcile/grow-volumes.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

const gib = 1024 ** 3;
let world: DomainWorld;
/** what the host was asked for */
let grown: number[];
useDomainWorld((fresh) => {
  world = fresh;
  grown = [];
  world.script.run = async () => ({ items: [], restartRequired: [], rootName: '', findings: [], fault: undefined, replayed: false });
  world.script.compute = {
    inspect: async () => ({ state: 'running', agentPid: 1, enginePids: [2], isolation: 'users', limitsUnenforced: null, volumeGb: grown.at(-1) ?? 2 }),
    growVolume: async ({ sizeGb }) => { grown.push(sizeGb); return { state: 'running', agentPid: 1, enginePids: [2], isolation: 'users', limitsUnenforced: null, volumeGb: sizeGb }; },
  };
});

const observation = (more: object = {}): string => JSON.stringify({ prepared: true, engine: 'ok', isolation: 'users', limitsUnenforced: null, logTail: [], volumeUsedBytes: 1.5 * gib, managementLost: false, ...more });
const add = (name: string, change: Record<string, unknown> = {}): Promise<string> => world.addInstance(name, { volume_gb: 2, volume_used_bytes: 1.5 * gib, volume_used_at: new Date(), observation: observation(), ...change });
const resize = (instanceId: string, sizeGb: number, role: 'EDITOR' | 'VIEWER' = 'EDITOR') => world.domain.instances.resizeVolume(world.caller(role), { instanceId, sizeGb });
const ended = async (id: string) => world.operations.waitForEnd(id, 20_000);
const disk = async (gb: number): Promise<void> => { await world.store.query('update host set facts = facts || $1', [JSON.stringify({ diskFreeBytes: gb * gib })]); };
const unused = async (): Promise<number> => (await readHostLoads(world.store, { from: 1, to: 9 }))[0]!.unusedVolumeBytes / gib;

describe('a larger volume', () => {
  it('is an operation: reserved, grown, configured, seen; what is known follows the host', async () => {
    const id = await add('shop');
    world.startWorker();
    const { operation } = await resize(id, 5);
    expect(await ended(operation.id)).toMatchObject({ state: 'SUCCEEDED', steps: ['reserve', 'grow', 'ensure-guest', 'enrol', 'start', 'configure', 'see'].map((name) => expect.objectContaining({ name, state: 'SUCCEEDED' })) });
    expect(grown).toEqual([5]);
    // The engine was well: it is told its values anew and not started.
    expect(world.commands).toEqual(['configure:configure']);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 5, wanted_volume_gb: null, fault: null });
  });

  it('brings an engine up that was down, and leaves one that shall be', async () => {
    world.startWorker();
    const down = await add('down', { observation: observation({ engine: 'crash-loop' }) });
    await ended((await resize(down, 3)).operation.id);
    expect(world.commands).toEqual(['start:start', 'configure:configure']);
    const stopped = await add('stopped', { intent: 'STOPPED', observation: observation({ engine: 'down' }) });
    await ended((await resize(stopped, 3)).operation.id);
    expect(world.commands.slice(2)).toEqual(['configure:configure']);
  });

  it('is refused where it is none, where the host has no room, where nobody may, and where something else is done; nothing has happened then', async () => {
    const id = await add('shop');
    const refusal = async (work: Promise<unknown>): Promise<unknown> => work.then(() => 'accepted', ({ code, details }: CofferError) => [code, details.issues?.[0]?.message ?? null]);
    expect(await refusal(resize(id, 2))).toEqual(['INPUT.INVALID', 'the volume of shop is 2 GB already']);
    expect(await refusal(resize(id, 1))).toEqual(['INPUT.INVALID', 'the volume of shop is 2 GB with 1.50 GB used; volumes do not shrink']);
    expect(await refusal(resize(id, 65_537))).toEqual(['INPUT.INVALID', 'must be 1 to 65536']);
    expect(await refusal(resize(id, 3, 'VIEWER'))).toEqual(['ACCESS.FORBIDDEN', null]);
    await disk(3);
    expect(await refusal(resize(id, 5))).toEqual(['ADMISSION.NO_DISK', null]);
    await disk(1_000);
    const { operation } = await resize(id, 5);
    expect(await refusal(resize(id, 6))).toEqual(['CONFLICT.BUSY', null]);
    // Called off before anybody has taken it.
    await world.domain.operations.cancel(world.caller('EDITOR'), operation.id);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 2, wanted_volume_gb: null });
    expect(grown).toEqual([]);
  });

  it('is refused where a formula of the instance\'s group would come to what the engine does not take', async () => {
    const [datastore, track] = ['redis', '7'];
    const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find(({ name }) => name === track)!;
    const group = await world.domain.configurations.create(world.caller('EDITOR'), { name: 'by-volume', datastore, version: track, values: [{ name: 'work_mem', value: '{volumeGb}MB * 250' }] });
    const id = await add('shop', { datastore, track, version_id: version.id, configuration_id: group.id, configuration_revision: group.revision });
    await expect(resize(id, 5)).rejects.toMatchObject({ code: 'INPUT.INVALID', details: { issues: [{ path: ['input', 'sizeGb'], message: expect.stringContaining('work_mem') }] } });
    expect((await resize(id, 3)).operation.kind).toBe('instance.grow-volume');
  });

  it('comes to one whose group has a value that is not taken any more: the values stay as they are', async () => {
    const [datastore, track] = ['redis', '7'];
    const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find(({ name }) => name === track)!;
    const group = await world.domain.configurations.create(world.caller('EDITOR'), { name: 'by-volume', datastore, version: track, values: [{ name: 'work_mem', value: '{volumeGb}MB * 250' }] });
    await world.store.query(`update configuration_revision set values = (values::jsonb || '[{"name": "owned_by_now", "value": "1", "kind": "VALUE"}]')::json where configuration_id = $1`, [group.id]);
    const id = await add('shop', { datastore, track, version_id: version.id, configuration_id: group.id, configuration_revision: group.revision });
    await expect(resize(id, 5)).rejects.toMatchObject({ details: { issues: [{ message: expect.stringContaining('work_mem') }] } });
    world.startWorker();
    const { operation } = await resize(id, 3);
    const { state, steps } = await ended(operation.id);
    expect([state, steps.find(({ name }) => name === 'configure')!.message]).toEqual(['SUCCEEDED', expect.stringMatching(/^the values stay as they are: .*owned_by_now/)]);
    expect(world.commands).toEqual([]);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 3, fault: null });
  });

  it('comes to one whose engine did not start with its group: that is not put into its files again, another revision is', async () => {
    const [datastore, track] = ['redis', '7'];
    const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find(({ name }) => name === track)!;
    const group = await world.domain.configurations.create(world.caller('EDITOR'), { name: 'web', datastore, version: track, values: [{ name: 'work_mem', value: '8MB' }] });
    world.startWorker();
    const grownWith = async (rejected: string): Promise<unknown> => {
      const configuration = { applied: '', restartRequired: [], drifted: [], rejected: { group: rejected, reason: 'FATAL' } };
      const id = await add(rejected.replace(/.*\//, 'shop-'), { datastore, track, version_id: version.id, configuration_id: group.id, configuration_revision: 1, observation: observation({ configuration }) });
      const { state, steps } = await ended((await resize(id, 3)).operation.id);
      return [state, steps.find(({ name }) => name === 'configure')!.message];
    };
    expect(await grownWith(`${group.id}/1`)).toEqual(['SUCCEEDED', expect.stringMatching(/^the values stay as they are: the engine did not start with the values of revision 1 of configuration cfg_/)]);
    expect(world.commands).toEqual([]);
    expect(await grownWith(`${group.id}/2`)).toEqual(['SUCCEEDED', null]);
    expect(world.commands).toEqual(['configure:configure']);
  });

  it('counts on its host from its reservation on, and not any more when it failed; a retry goes on', async () => {
    const id = await add('shop');
    await world.store.query('insert into port_lease (host_id, port, instance_id, name) values ($1, 30000, $2, $3)', [world.hostId, id, 'client']);
    const seen: number[] = [];
    let refuses = true;
    const { growVolume } = world.script.compute;
    world.script.compute.growVolume = async (...call) => {
      seen.push(await unused());
      if (refuses) throw new CofferError('PRECONDITION.STATE', 'the host cannot');
      return growVolume!(...call);
    };
    expect(await unused()).toBe(0.5);
    world.startWorker();
    const { operation } = await resize(id, 5);
    expect(await ended(operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE' } });
    expect([seen, await unused()]).toEqual([[3.5], 0.5]);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 2, wanted_volume_gb: null, fault: { code: 'PRECONDITION.STATE' } });
    refuses = false;
    await world.domain.operations.retry(world.caller('EDITOR'), operation.id);
    expect(await ended(operation.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(seen).toEqual([3.5, 3.5]);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 5, fault: null });
  });

  it('that has come to be stays, whatever fails after it', async () => {
    const id = await add('shop');
    world.script.run = async () => ({ items: [], restartRequired: [], rootName: '', findings: [], fault: { code: 'REFUSED', message: 'no' }, replayed: false });
    world.startWorker();
    const { operation } = await resize(id, 5);
    expect(await ended(operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED' } });
    expect(await world.instance(id)).toMatchObject({ volume_gb: 5, wanted_volume_gb: null });
    world.script.run = async () => ({ items: [], restartRequired: [], rootName: '', findings: [], fault: undefined, replayed: false });
    await world.domain.operations.retry(world.caller('EDITOR'), operation.id);
    expect(await ended(operation.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(grown).toEqual([5]);
  });

  it('cannot be called off any more once it is touched, nor be ended by a reset: nobody would know its size', async () => {
    const id = await add('shop');
    const [touched, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { growVolume } = world.script.compute;
    world.script.compute.growVolume = async (...call) => { touched.resolve(); await goOn.promise; return growVolume!(...call); };
    world.startWorker();
    const { operation } = await resize(id, 5);
    await touched.promise;
    await expect(world.domain.operations.cancel(world.caller('EDITOR'), operation.id)).rejects.toMatchObject({ code: expect.stringContaining('NOT_CANCELLABLE') });
    await expect(world.domain.instances.reset(world.caller('OPERATOR'), id)).rejects.toMatchObject({ code: 'CONFLICT.BUSY', details: { operationId: operation.id } });
    goOn.resolve();
    expect(await ended(operation.id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('of type loop has taken its blocks from the disk once it is made', async () => {
    await add('made', { volume_type: 'loop' });
    expect(await unused()).toBe(0);
    await add('growing', { volume_type: 'loop', wanted_volume_gb: 4 });
    expect(await unused()).toBe(2);
    await add('not-made', { volume_type: 'loop', prepared: false, volume_used_bytes: null });
    expect(await unused()).toBe(4);
  });
});

describe('a volume that grows by itself', () => {
  const rule = { thresholdPercent: 70, stepGb: 2, maxGb: 5, coolDownSeconds: 60 };
  const look = (): Promise<number> => growVolumes({ domain: world.deps, clock: systemClock }, AbortSignal.timeout(10_000));
  const done = (kind: string, id: string): Promise<unknown> =>
    world.store.query(`insert into operation (id, kind, workflow_version, subject_id, actor, state, lock_mode, input, cancellable, deadline, finished_at) values ($1, $1, 1, $2, 'x', 'SUCCEEDED', 'EXCLUSIVE', '{}', false, now(), now())`, [kind, id]);
  const conditions = async (id: string): Promise<string[]> => (await world.instance(id))['conditions'].map((one: { type: string; reason: string }) => `${one.type}/${one.reason}`);

  it('is begun once, by `system`, however many look, and then rests', async () => {
    const id = await add('shop', { volume_autoscaling: JSON.stringify(rule) });
    const idle = await add('idle', { volume_autoscaling: JSON.stringify({ ...rule, thresholdPercent: 80 }) });
    expect((await Promise.all([look(), look()])).reduce((sum, n) => sum + n)).toBe(1);
    expect(await look()).toBe(0);
    world.startWorker();
    const { task } = await world.instance(id);
    const { state, actor } = await ended(task.id);
    expect([state, actor]).toEqual(['SUCCEEDED', 'system']);
    await world.store.query('update instance set volume_used_bytes = $2, volume_used_at = now() where id = $1', [id, 4 * gib]);
    expect(await look()).toBe(0);
    expect([(await world.instance(id))['volume_gb'], (await world.instance(idle))['volume_gb']]).toEqual([4, 2]);
    await world.store.query(`update operation set finished_at = finished_at - interval '61 s' where id = $1`, [task.id]);
    expect(await look()).toBe(1);
    expect(await ended((await world.instance(id))['task'].id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await world.instance(id)).toMatchObject({ volume_gb: 5 });
    // The ceiling.
    await world.store.query(`update operation set finished_at = finished_at - interval '1 day' where subject_id = $1`, [id]);
    await world.store.query('update instance set volume_used_bytes = $2, volume_used_at = now() where id = $1', [id, 5 * gib]);
    expect(await look()).toBe(0);
  });

  it('does nothing on a use that is old', async () => {
    await add('shop', { volume_autoscaling: JSON.stringify(rule), volume_used_at: new Date(Date.now() - 600_000) });
    expect(await look()).toBe(0);
  });

  it('does nothing on a use that was measured while an upgrade kept its copy', async () => {
    const id = await add('shop', { volume_autoscaling: JSON.stringify(rule), volume_used_at: new Date(Date.now() - 10_000) });
    await done('instance.upgrade', id);
    expect(await look()).toBe(0);
    await world.store.query('update instance set volume_used_at = clock_timestamp() where id = $1', [id]);
    expect(await look()).toBe(1);
  });

  it('grows all the same while one command after the other is sent to its engine', async () => {
    const id = await add('shop', { volume_autoscaling: JSON.stringify(rule), volume_used_at: new Date(Date.now() - 10_000) });
    await done('engine.command', id);
    expect(await look()).toBe(1);
  });

  it('is not kept waiting by any number of others that are full and have all that they may have', async () => {
    await world.store.query(`insert into instance (id, project_id, name, datastore, track, version_id, flavor_id, volume_gb, volume_type, host_id, region, zone, intent, status, prepared, management_secret, build_id, volume_used_bytes, volume_used_at, volume_autoscaling)
      select 'a-' || lpad(n::text, 4, '0'), project_id, 'full-' || n, datastore, track, version_id, flavor_id, 5, volume_type, host_id, region, zone, intent, status, prepared, management_secret, build_id, 5 * ${gib}::int8, now(), $2
        from instance, generate_series(1, 120) n where id = $1`, [await add('template'), JSON.stringify(rule)]);
    const id = await add('shop', { volume_autoscaling: JSON.stringify(rule) });
    expect(id > 'a-9999').toBe(true);
    expect(await look()).toBe(1);
    expect((await world.instance(id))['task']).toMatchObject({ kind: 'instance.grow-volume' });
  });

  it('says why it cannot for as long as that is why', async () => {
    const [datastore, track] = ['redis', '7'];
    const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find(({ name }) => name === track)!;
    const group = await world.domain.configurations.create(world.caller('EDITOR'), { name: 'by-volume', datastore, version: track, values: [{ name: 'work_mem', value: '{volumeGb}MB * 400' }] });
    const id = await add('shop', { datastore, track, version_id: version.id, configuration_id: group.id, configuration_revision: 1, volume_autoscaling: JSON.stringify(rule) });
    const refused = async (): Promise<string> => ((await world.instance(id))['volume_autoscaling'] as { refused: string }).refused;
    expect(await look()).toBe(0);
    expect(await refused()).toContain('work_mem');
    const { revision } = await world.instance(id);
    expect(await look()).toBe(0);
    expect(await world.instance(id)).toMatchObject({ revision });
    await world.domain.configurations.patch(world.caller('EDITOR'), { configurationId: group.id, unset: ['work_mem'], set: [{ name: 'max_connections', value: '{volumeGb} * 300' }], apply: false });
    await world.store.query('update instance set configuration_revision = 2 where id = $1', [id]);
    expect(await look()).toBe(0);
    expect(await refused()).toContain('max_connections');
  });

  it('says why it cannot where its host has no room, once, and grows when there is some', async () => {
    await disk(1);
    const id = await add('shop', { volume_autoscaling: JSON.stringify(rule) });
    expect(await look()).toBe(0);
    expect(await conditions(id)).toEqual(['VolumeCannotGrow/Refused']);
    const { revision } = await world.instance(id);
    // Somewhat more or less of too little room is no news.
    await disk(0.2);
    expect(await look()).toBe(0);
    expect(await world.instance(id)).toMatchObject({ revision });
    expect(await world.store.query('select 1 from operation')).toEqual([]);
    await disk(1_000);
    expect(await look()).toBe(1);
    world.startWorker();
    await ended((await world.instance(id))['task'].id);
    expect(await world.instance(id)).toMatchObject({ volume_gb: 4, conditions: [], volume_autoscaling: { ...rule, refused: null, refusal: null } });
  });

  it('is told how by createInstance and updateInstance, field by field, and not any more by null', async () => {
    const { instances } = world.domain;
    const input = { projectId: world.projectId, name: 'shop', datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 6, autoscaling: rule } };
    await expect(instances.create(world.caller('EDITOR'), input)).rejects.toMatchObject({ details: { issues: [{ path: ['input', 'volume', 'autoscaling', 'maxGb'], message: 'must not be below the volume\'s size, 6 GB' }] } });
    const { instance } = await instances.create(world.caller('EDITOR'), { ...input, volume: { sizeGb: 2, autoscaling: rule } });
    expect(instance.volumeAutoscaling).toEqual(rule);
    const update = (volumeAutoscaling: typeof rule | null) => instances.update(world.caller('EDITOR'), { instanceId: instance.id, volumeAutoscaling });
    await expect(update({ ...rule, maxGb: 1, stepGb: 0 })).rejects.toMatchObject({ details: { issues: [{ path: ['input', 'volumeAutoscaling', 'stepGb'] }] } });
    await expect(update({ ...rule, maxGb: 1 })).rejects.toMatchObject({ details: { issues: [{ path: ['input', 'volumeAutoscaling', 'maxGb'] }] } });
    expect((await update({ ...rule, maxGb: 9 })).volumeAutoscaling).toEqual({ ...rule, maxGb: 9 });
    expect((await update(null)).volumeAutoscaling).toBeNull();
  });
});

describe('a volume of a type that no host has', () => {
  it('is refused with the reason', async () => {
    await world.store.query('update host set facts = facts || $1', [JSON.stringify({ volumeTypes: [{ name: 'directory', problem: null }, { name: 'loop', problem: 'the kernel has no XFS' }] })]);
    const create = (type: string): Promise<unknown> => world.domain.instances.create(world.caller('EDITOR'), { projectId: world.projectId, name: `a-${type}`, datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1, type } });
    await expect(create('loop')).rejects.toMatchObject({ code: 'ADMISSION.NO_HOST', message: 'no host has volumes of type loop: the kernel has no XFS' });
    await expect(create('cloud')).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
    await world.catalogue.reload();
    expect(world.domain.catalogue.volumeTypes().map(({ name }) => name)).toEqual(['directory']);
    await world.store.query('update host set facts = facts || $1', [JSON.stringify({ volumeTypes: [{ name: 'directory', problem: null }, { name: 'loop', problem: null }] })]);
    await world.catalogue.reload();
    expect(world.domain.catalogue.volumeTypes().map(({ name }) => name)).toEqual(['directory', 'loop']);
    await expect(create('loop')).resolves.toMatchObject({ instance: { volumeType: 'loop' } });
  });
});
