/** Instances are told of newer builds: by an installation at once, and by a look that finds what came in other ways. */
import { expect, it } from 'vitest';
import { changeInstance } from '../../../gateway/domain/instance/change.ts';
import { createNewerBuilds, lookAtHosts } from '../../../gateway/hosts/newer-builds.ts';
import { CofferError } from '../../../kernel/errors.ts';
import type { ComputeStrategy, EngineRequest, ListedBuild } from '../../../strategies/spi/compute.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';
import { whileHeld } from '../../support/held-rows.ts';

const signal = AbortSignal.timeout(60_000);
let world: DomainWorld;
let builds: ListedBuild[];
let asked: EngineRequest[];
useDomainWorld((fresh) => {
  world = fresh;
  asked = [];
  builds = [build('17.12')];
  world.script.compute = {
    listBuilds: async () => builds,
    // As a source that has 17.13, and would never be asked without being told to.
    async ensureEngine(request: EngineRequest) {
      asked.push(request);
      if (request.refresh && builds.length === 1) builds = [build('17.13'), ...builds];
      return builds[0]!;
    },
  } as Partial<ComputeStrategy>;
});

const build = (version: string, track = '17'): ListedBuild => ({ id: `postgresql-${version}`, datastore: 'postgresql', track, version, prefix: '/p', binDir: '/p/bin', closureHash: '', source: 'debian', packages: [], installedAt: '2026-01-01T00:00:00Z' });
const versionId = (): string => world.catalogue.versions({ role: 'OPERATOR', projectId: null }, world.catalogue.datastore('postgresql')!.id, true).find(({ name }) => name === '17')!.id;
const add = (name: string, version = '17.12', more: Record<string, unknown> = {}): Promise<string> =>
  world.addInstance(name, { track: '17', version_id: versionId(), build_id: `postgresql-${version}`, build_version: version, ...more });
const look = (): Promise<number> => world.newerBuilds.look(world.hostId, signal);
const told = async (id: string): Promise<string[]> => (await world.instance(id))['conditions'].filter(({ type }: any) => type === 'NewerBuild').map(({ message }: any) => /newer build: (\S+)/.exec(message)![1]);
const news = (): Promise<unknown[]> => world.store.query(`select subject, actor, data from event where type = 'instance.newer-build' order by id`);
const install = async (refresh?: boolean) => {
  const { id } = await world.domain.installEngine(world.caller('OPERATOR'), { datastore: 'postgresql', version: '17', refresh });
  return world.operations.waitForEnd(id, 10_000);
};

it('an installation asks the source when it is told to, tells the instances before it ends, and says when there is nothing new', async () => {
  const id = await add('shop');
  world.startWorker();
  expect(await install()).toMatchObject({ state: 'SUCCEEDED', outputs: { install: { buildId: 'postgresql-17.12', isNew: false } } });
  expect(await told(id)).toEqual([]);
  const first = await install(true);
  expect(first).toMatchObject({ state: 'SUCCEEDED', outputs: { install: { buildId: 'postgresql-17.13', version: '17.13', isNew: true } } });
  expect(first.steps[0]!.message).toBe('installed postgresql 17.13 (postgresql-17.13)');
  expect(await told(id)).toEqual(['17.13']);
  const { revision } = await world.instance(id);
  const again = await install(true);
  expect(again).toMatchObject({ state: 'SUCCEEDED', outputs: { install: { isNew: false } } });
  expect(again.steps[0]!.message).toBe('the newest build of postgresql 17 is installed already: 17.13 (postgresql-17.13)');
  expect((await world.instance(id))['revision']).toBe(revision);
  expect(asked).toEqual([false, true, true].map((refresh) => ({ datastore: 'postgresql', track: '17', refresh })));
});

it('an installation is done although the host does not say what it has: the next look tells', async () => {
  const id = await add('shop');
  let lists = 0;
  const { listBuilds } = world.script.compute;
  world.script.compute.listBuilds = async (...by) => { if (++lists === 2) throw new CofferError('HOST.UNREACHABLE', 'not now'); return listBuilds!(...by); };
  world.startWorker();
  expect(await install(true)).toMatchObject({ state: 'SUCCEEDED', outputs: { install: { isNew: true } } });
  expect(lists).toBe(2);
  expect(await told(id)).toEqual([]);
  expect(await look()).toBe(1);
  expect(await told(id)).toEqual(['17.13']);
});

it('a look tells every instance with an older build, once, and nobody else', async () => {
  const older = [await add('a'), await add('b'), await add('c', '17.11')];
  const others = [await add('newest', '17.13'), await add('other', '15.1', { track: '15' }), await add('gone', '17.12', { deleted_at: new Date() }), await add('failed', '17.12', { released: true }), await add('away', '17.12', { host_id: await world.addHost('far') })];
  builds = [build('17.13'), build('17.12'), build('17.11'), build('15.1', '15')];
  expect(await look()).toBe(3);
  for (const id of older) expect(await told(id)).toEqual(['17.13']);
  for (const id of others) expect(await told(id)).toEqual([]);
  expect(await news()).toHaveLength(3);
  expect(await news()).toContainEqual({ subject: older[0], actor: 'system', data: { buildId: 'postgresql-17.13', version: '17.13' } });
  // A gateway that has just begun knows what was told.
  const another = createNewerBuilds({ store: world.store, compute: () => world.script.compute as ComputeStrategy });
  expect(await another.look(world.hostId, signal)).toBe(0);
  builds = [build('17.14'), ...builds];
  expect(await look()).toBe(4);
  expect(await told(older[0]!)).toEqual(['17.14']);
});

it('it is told no more from the moment the instance has another build, and again when it goes back', async () => {
  const id = await add('shop');
  builds = [build('17.13'), ...builds];
  await look();
  const bring = (version: string) => world.store.transaction((tx) => changeInstance(tx, id, { build_id: `postgresql-${version}`, build_version: version }, { actor: 'system' }));
  await bring('17.13');
  expect(await told(id)).toEqual([]);
  await bring('17.12');
  expect(await told(id)).toEqual(['17.13']);
  await bring('17.13');
  expect(await look()).toBe(0);
});

it('it is told no more when that build is not there any more; a host that is away changes nothing', async () => {
  const id = await add('shop');
  builds = [build('17.13'), ...builds];
  await look();
  const { listBuilds } = world.script.compute;
  world.script.compute.listBuilds = async () => { throw new CofferError('HOST.UNREACHABLE', 'not now'); };
  await expect(look()).rejects.toThrow('not now');
  expect(await lookAtHosts(world.newerBuilds, [world.hostId], signal)).toBe(0);
  expect(await told(id)).toEqual(['17.13']);
  world.script.compute.listBuilds = listBuilds!;
  builds = [build('17.12')];
  expect(await look()).toBe(1);
  expect(await told(id)).toEqual([]);
});

it('two that look at once tell it once', async () => {
  const id = await add('shop');
  builds = [build('17.13'), ...builds];
  const others = [0, 1].map(() => createNewerBuilds({ store: world.store, compute: () => world.script.compute as ComputeStrategy }));
  const looks = others.map((one) => () => one.look(world.hostId, signal));
  expect((await whileHeld(world, { text: 'select 1 from instance where id = $1 for update', values: [id] }, looks)).sort()).toEqual([0, 1]);
  expect(await told(id)).toEqual(['17.13']);
  expect(await news()).toHaveLength(1);
});

it('a rollout brings the build that it began with, from those that were older, whatever is installed meanwhile', async () => {
  const [first, newest] = [await add('a'), await add('b', '17.14')];
  await add('c', '17.11');
  builds = [build('17.13'), build('17.12')];
  world.deps.listBuilds = async () => builds;
  const { id } = await world.domain.instances.rolloutUpgrade(world.caller('OPERATOR'), { datastore: 'postgresql', version: '17', canary: 2 });
  builds = [build('17.14'), ...builds];
  // The children find no host: what matters is who they are, and what they were told.
  world.script.compute.inspect = async () => { throw new CofferError('RESOURCE.NOT_FOUND', 'no guest here'); };
  world.startWorker();
  expect(await world.operations.waitForEnd(id, 20_000)).toMatchObject({ state: 'FAILED', fault: { message: expect.stringContaining('1 of 3 instances have postgresql-17.13') } });
  const children = await world.store.query<{ subject: string; to: unknown }>(`select subject_id as subject, input->'to' as to from operation where parent_id = $1`, [id]);
  expect(children).toHaveLength(2);
  expect(children.map(({ subject }) => subject)).toContain(first);
  expect(children.map(({ subject }) => subject)).not.toContain(newest);
  for (const { to } of children) expect(to).toMatchObject({ track: '17', buildId: 'postgresql-17.13' });
});

it('a rollout is not begun where all have the build, or a newer one', async () => {
  await add('a', '17.13');
  await add('b', '17.14');
  builds = [build('17.13'), build('17.12')];
  world.deps.listBuilds = async () => builds;
  await expect(world.domain.instances.rolloutUpgrade(world.caller('OPERATOR'), { datastore: 'postgresql', version: '17' })).rejects.toThrow(/all instances of postgresql 17 have its newest build: postgresql-17\.13/);
});
