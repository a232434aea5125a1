/** What operators choose of the catalogue: what it does to new instances, what it leaves alone, and who sees it when. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { UpdateVersionInput, VersionDoc } from '../../../gateway/domain/api.ts';
import { loadCatalogue, watchCatalogue } from '../../../gateway/domain/catalogue/catalogue.ts';
import { seedCatalogue } from '../../../gateway/domain/catalogue/seed.ts';
import { newId } from '../../../kernel/ids.ts';
import { silentLog } from '../../../kernel/log.ts';
import { loadPlugins } from '../../../strategies/registry.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
let ours: string;
let theirs: string;
useDomainWorld(async (fresh) => {
  world = fresh;
  [ours, theirs] = [await world.addProject('ours'), await world.addProject('theirs')];
});

type Told = { code: string; message: string; remedy: string | null; details: { issues?: { path: string[]; message: string }[] } };
const told = async (work: Promise<unknown>): Promise<Told> => work.then(() => { throw new Error('it was not refused'); }, ({ code, message, remedy, details }: Told) => ({ code, message, remedy, details }));
const issues = async (work: Promise<unknown>): Promise<string[]> => (await told(work)).details.issues!.map(({ path, message }) => `${path.join('.')}: ${message}`);
const operator = (request = 'req') => world.caller('OPERATOR', request);
const versionOf = (name: string, datastore = 'postgresql'): VersionDoc => world.catalogue.versions(operator(), world.catalogue.datastore(datastore)!.id, true).find((v) => v.name === name)!;
const names = (project: string): string[] => world.catalogue.versions(world.caller('VIEWER', 'req', project), world.catalogue.datastore('postgresql')!.id, true).map((v) => v.name);
const update = (name: string, change: Omit<UpdateVersionInput, 'datastoreVersionId'>, request = 'req'): Promise<VersionDoc> =>
  world.domain.catalogueChanges.updateVersion(operator(request), { datastoreVersionId: versionOf(name).id, ...change });
let serial = 0;
const create = (project: string, more: { version?: string; flavor?: string; idempotencyKey?: string } = {}) =>
  world.domain.instances.create(world.caller('EDITOR', 'req-create', project), { name: `db-${(serial += 1)}`, datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, ...more });
/** As another gateway does it, of whose news nothing has come here yet. */
const elsewhere = (sql: string, values: unknown[]): Promise<unknown> => world.store.query(sql, values);

describe('a version that is deleted', () => {
  it('is missing for everybody, is not brought back by the next start, and comes back when it is registered', async () => {
    const { id } = versionOf('15');
    await update('15', { visibility: 'PRIVATE', projects: [ours], flavors: ['small'], deprecated: true });
    expect((await world.domain.catalogueChanges.deleteVersion(operator('req-delete'), id)).name).toBe('15');
    expect([world.catalogue.version(operator(), id), world.catalogue.version(world.caller('OWNER', 'r', ours), id), versionOf('15')]).toEqual([undefined, undefined, undefined]);
    expect((await told(create(ours, { version: '15' }))).code).toBe('RESOURCE.NOT_FOUND');
    await world.store.transaction(async (tx) => seedCatalogue(tx, await loadPlugins()));
    await world.catalogue.reload();
    expect(versionOf('15')).toBeUndefined();
    expect((await told(update('18', { datastoreVersionId: id } as never))).message).toBe(`version ${id} was not found`);

    const back = await world.domain.catalogueChanges.registerVersion(operator('req-register'), { datastore: 'postgresql', version: '15' });
    expect(back).toMatchObject({ id, active: true, deprecated: false, visibility: 'PUBLIC', projectIds: [], flavorIds: null });
    expect(names(theirs)).toContain('15');
    expect(await Promise.all(['req-delete', 'req-register'].map((request) => world.framesOf(request)))).toEqual(['delete', 'register'].map((verb) =>
      ['START', 'END'].map((phase) => `datastore-version.${verb} ${phase} token:OPERATOR 10.0.0.9`)));
  });

  it('must have no instances, not even one that is being made; deleted ones still show what they were', async () => {
    const id = await world.addInstance('one', { version_id: versionOf('17').id });
    await world.addInstance('two', { version_id: versionOf('17').id });
    const remove = (): Promise<unknown> => world.domain.catalogueChanges.deleteVersion(operator(), versionOf('17').id);
    expect(await told(remove())).toMatchObject({ code: 'PRECONDITION.STATE', message: 'postgresql 17 still has 2 instances', remedy: expect.stringMatching(/deactivate/) });
    await world.store.query('update instance set deleted_at = now()');
    await remove();
    expect(world.catalogue.instanceVersion((await world.instance(id))['version_id'])).toMatchObject({ name: '17', active: false });
  });

  it('is no default any more', async () => {
    await world.domain.catalogueChanges.setDefaultVersion(operator(), versionOf('15').id);
    await world.domain.catalogueChanges.deleteVersion(operator(), versionOf('15').id);
    await world.domain.catalogueChanges.registerVersion(operator(), { datastore: 'postgresql', version: '15' });
    expect(world.catalogue.defaultVersion(operator(), versionOf('15').datastoreId)!.name).toBe('17');
  });
});

describe('registering', () => {
  const register = (input: { datastore: string; version: string; active?: boolean }): Promise<VersionDoc> => world.domain.catalogueChanges.registerVersion(operator(), input);
  it('takes what the plugin has, and tells what that is', async () => {
    expect(await issues(register({ datastore: 'postgresql', version: '9' }))).toEqual(['input.version: the plugin of postgresql has no version "9"; it has 15, 17, 18']);
    expect((await told(register({ datastore: 'nonsense', version: '9' }))).code).toBe('RESOURCE.NOT_FOUND');
    expect(await told(register({ datastore: 'postgresql', version: '17' }))).toMatchObject({ code: 'CONFLICT.EXISTS', message: 'postgresql 17 is registered already' });
  });
  it('can begin inactive', async () => {
    await world.domain.catalogueChanges.deleteVersion(operator(), versionOf('15').id);
    expect((await register({ datastore: 'postgresql', version: '15', active: false })).active).toBe(false);
    expect((await told(create(ours, { version: '15' }))).code).toBe('PRECONDITION.STATE');
  });
});

describe('a private version', () => {
  beforeEach(() => update('18', { visibility: 'PRIVATE', projects: [ours] }));

  it('is there for its projects and operators, and for others exactly as one that does not exist', async () => {
    expect([names(ours), names(theirs)]).toEqual([['15', '17', '18'], ['15', '17']]);
    const { id } = versionOf('18');
    expect(world.catalogue.version(world.caller('OWNER', 'r', theirs), id)).toBeUndefined();
    for (const [given, missing] of [['18', '19'], [id, newId('DatastoreVersion')]] as const) {
      const [hidden, nothing] = [await told(create(theirs, { version: given })), await told(create(theirs, { version: missing }))];
      expect(JSON.stringify(hidden).replaceAll(given, '?')).toBe(JSON.stringify(nothing).replaceAll(missing, '?'));
    }
    const change = (versionId: string): Promise<unknown> => world.domain.catalogueChanges.updateVersion(world.caller('OWNER', 'r', theirs), { datastoreVersionId: versionId, active: false });
    const missing = newId('DatastoreVersion');
    expect(JSON.stringify(await told(change(id))).replaceAll(id, '?')).toBe(JSON.stringify(await told(change(missing))).replaceAll(missing, '?'));
    expect((await told(world.domain.catalogueChanges.updateVersion(world.caller('OWNER', 'r', ours), { datastoreVersionId: id, active: false }))).code).toBe('ACCESS.FORBIDDEN');
    expect((await create(ours, { version: '18' })).instance.track).toBe('18');
  });

  it('leaves instances alone that a project has of it', async () => {
    const { instance } = await create(ours, { version: '18' });
    await update('18', { projects: [theirs] });
    expect(names(ours)).toEqual(['15', '17']);
    expect(await world.domain.instances.find(world.caller('VIEWER', 'r', ours), { id: instance.id })).toMatchObject({ track: '18' });
    expect((await told(create(ours, { version: '18' }))).code).toBe('RESOURCE.NOT_FOUND');
    await world.store.query('update instance set prepared = true, task = null, task_id = null');
    await world.store.query('delete from operation');
    expect((await world.domain.instances.stop(world.caller('EDITOR', 'r', ours), instance.id)).operation.kind).toBe('instance.stop');
  });

  it('is forgotten by projects that are deleted, and names none while it is public', async () => {
    await update('18', { projects: [ours, theirs] });
    await world.domain.access.deleteProject(operator(), theirs);
    await world.catalogue.reload();
    expect(versionOf('18').projectIds).toEqual([ours]);
    await update('18', { visibility: 'PUBLIC' });
    expect(versionOf('18').projectIds).toEqual([]);
    expect(await issues(update('18', { projects: [ours] }))).toEqual(['input.projects: everybody sees a PUBLIC version; make it PRIVATE as well, or name no projects']);
    expect((await told(update('18', { visibility: 'PRIVATE', projects: [theirs] }))).message).toBe(`project ${theirs} was not found`);
    expect(versionOf('18').visibility).toBe('PUBLIC');
  });
});

describe('an update', () => {
  it('changes what is named, says so in two events, and null gives the word back to the plugin', async () => {
    expect(await update('17', { deprecated: true }, 'req-update')).toMatchObject({ deprecated: true, active: true, revision: 2 });
    expect(await update('17', { active: false })).toMatchObject({ deprecated: true, active: false });
    expect(await update('17', { deprecated: null, active: true })).toMatchObject({ deprecated: false, active: true });
    expect(await world.framesOf('req-update')).toEqual(['START', 'END'].map((phase) => `datastore-version.update ${phase} token:OPERATOR 10.0.0.9`));
    expect(await world.store.query(`select distinct data, project_id from event where request_id = 'req-update'`)).toEqual([{ data: { datastore: 'postgresql', version: '17', change: { deprecated: true } }, project_id: null }]);
  });

  it('of what somebody else changed meanwhile is refused', async () => {
    await update('17', { active: false, revision: 1 });
    expect(await told(update('17', { revision: 1 }))).toMatchObject({ code: 'CONFLICT.STALE', message: 'postgresql 17 is at revision 2, not 1' });
  });

  it('to inactive refuses new instances, naming others, and leaves those alone that are there', async () => {
    const id = await world.addInstance('there', { version_id: versionOf('17').id, project_id: ours });
    await update('17', { active: false });
    expect(await told(create(ours, { version: '17' }))).toMatchObject({ code: 'PRECONDITION.STATE', message: 'postgresql 17 takes no new instances: it is not active', remedy: 'Choose another: 15, 18.' });
    expect((await create(ours)).instance.track).toBe('15');
    expect((await world.domain.instances.restart(world.caller('EDITOR', 'r', ours), id)).operation.kind).toBe('instance.restart');
    expect((await world.domain.installEngine(operator(), { datastore: 'postgresql', version: '17' })).kind).toBe('engine.install');
  });
});

describe('the flavors of a version', () => {
  it('are the ones that were chosen; others are refused at the field, with the names of those', async () => {
    await update('17', { flavors: ['small', world.catalogue.flavor('micro')!.id, 'small'] });
    expect(await issues(create(ours, { flavor: 'large', version: '17' }))).toEqual(['input.flavor: postgresql 17 does not allow large; it allows micro, small']);
    expect((await create(ours, { flavor: 'micro', version: '17' })).instance.flavorId).toBe(world.catalogue.flavor('micro')!.id);
    await update('17', { flavors: ['micro'] });
    await update('17', { active: true });
    expect(versionOf('17').flavorIds).toEqual([world.catalogue.flavor('micro')!.id]);
    await update('17', { flavors: null });
    expect(versionOf('17').flavorIds).toBeNull();
  });

  it('must exist, be big enough for it, and be at least one', async () => {
    const { minMemoryMb } = versionOf('17');
    await world.domain.catalogueChanges.createFlavor(operator(), { name: 'tiny', vcpus: 0.1, memoryMb: minMemoryMb - 1 });
    expect(await issues(update('17', { flavors: ['small', 'nonsense', 'tiny'] }))).toEqual(['input.flavors.1: there is no flavor "nonsense"', `input.flavors.2: postgresql 17 needs at least ${minMemoryMb} MB; tiny has ${minMemoryMb - 1}`]);
    expect(await issues(update('17', { flavors: [] }))).toEqual(['input.flavors: at least one; null allows whichever it works in']);
    expect(versionOf('17')).toMatchObject({ flavorIds: null, revision: 1 });
  });
});

describe('the default version', () => {
  const defaultOf = (project: string): string => world.catalogue.defaultVersion(world.caller('VIEWER', 'r', project), versionOf('17').datastoreId)!.name;
  it('is what operators set, for those who see it while it is active', async () => {
    await world.domain.catalogueChanges.setDefaultVersion(operator('req-default'), versionOf('18').id);
    expect([defaultOf(ours), (await create(theirs)).instance.track]).toEqual(['18', '18']);
    expect(await world.framesOf('req-default')).toHaveLength(2);
    await update('18', { visibility: 'PRIVATE', projects: [ours] });
    expect([defaultOf(ours), defaultOf(theirs), (await create(theirs)).instance.track]).toEqual(['18', '17', '17']);
    await update('18', { active: false });
    expect(defaultOf(ours)).toBe('17');
    expect(await told(world.domain.catalogueChanges.setDefaultVersion(operator(), versionOf('18').id))).toMatchObject({ code: 'PRECONDITION.STATE', remedy: expect.stringMatching(/Activate/) });
  });
});

describe('flavors', () => {
  it('are made with a name, processor and memory that make sense', async () => {
    const { createFlavor } = world.domain.catalogueChanges;
    expect(await issues(createFlavor(operator(), { name: 'Not Good', vcpus: 0, memoryMb: 1 }))).toEqual([
      expect.stringMatching(/^input\.name/), 'input.vcpus: must be 0.05 to 1024', 'input.memoryMb: must be 32 to 16777216']);
    const made = await createFlavor(operator('req-flavor'), { name: 'huge', vcpus: 1, memoryMb: 1_500 });
    expect(await told(createFlavor(operator(), { name: 'huge', vcpus: 8, memoryMb: 8_192 }))).toMatchObject({ code: 'CONFLICT.NAME_TAKEN', message: 'a flavor named "huge" exists' });
    expect((await create(ours, { flavor: 'huge' })).instance.flavorId).toBe(made.id);
    expect(await world.framesOf('req-flavor')).toEqual(['START', 'END'].map((phase) => `flavor.create ${phase} token:OPERATOR 10.0.0.9`));
  });

  it('are deleted when nothing has them; the name is free then, and deleted instances still show theirs', async () => {
    const { deleteFlavor, createFlavor } = world.domain.catalogueChanges;
    const { id } = world.catalogue.flavor('medium')!;
    const instance = await world.addInstance('has-it', { flavor_id: id });
    expect(await told(deleteFlavor(operator(), id))).toMatchObject({ code: 'PRECONDITION.STATE', message: 'flavor medium is that of 1 instance' });
    await world.store.query('update instance set deleted_at = now() where id = $1', [instance]);
    await update('17', { flavors: ['medium', 'small'] });
    expect((await told(deleteFlavor(operator(), id))).message).toBe('flavor medium is among those chosen for postgresql 17');
    await update('17', { flavors: ['small'] });
    await deleteFlavor(operator(), id);
    expect([world.catalogue.flavor('medium'), world.catalogue.flavor(id), world.catalogue.instanceFlavor(id)?.name]).toEqual([undefined, undefined, 'medium']);
    expect((await told(deleteFlavor(operator(), id))).code).toBe('RESOURCE.NOT_FOUND');
    expect((await createFlavor(operator(), { name: 'medium', vcpus: 3, memoryMb: 3_072 })).id).not.toBe(id);
  });
});

describe('several gateways', () => {
  it('hear of a change at once', async () => {
    const other = await loadCatalogue(world.store, await loadPlugins());
    const unwatch = watchCatalogue(world.store, other, silentLog);
    await update('17', { deprecated: true });
    await expect.poll(() => other.version(operator(), versionOf('17').id)!.deprecated, { timeout: 5_000, interval: 5 }).toBe(true);
    unwatch();
  });

  it('allow nothing that one of them took away, though it has not been heard of', async () => {
    const { id } = versionOf('17');
    await elsewhere('update datastore_version set active = false, revision = revision + 1 where id = $1', [id]);
    expect(versionOf('17').active).toBe(true);
    expect((await told(create(ours, { version: '17' }))).code).toBe('PRECONDITION.STATE');
    await elsewhere(`update flavor set deleted_at = now(), name = name || '#' || id where name = 'micro'`, []);
    expect(world.catalogue.flavor('micro')).toBeDefined();
    expect((await told(create(ours, { flavor: 'micro', version: '18' }))).message).toBe('flavor micro was not found');
    expect(await world.store.query(`select 1 from instance union all select 1 from operation union all select 1 from subject_lock`)).toEqual([]);
  });

  it('refuse nothing that one of them has just given', async () => {
    await elsewhere(`insert into flavor (id, name, vcpus, memory_mb) values ($1, 'new', 1, 700)`, [newId('Flavor')]);
    expect(world.catalogue.flavor('new')).toBeUndefined();
    expect((await create(ours, { flavor: 'new' })).instance.status).toBe('BUILDING');
  });

  it('answer a repeated request as before, whatever has been restricted since', async () => {
    const input = { name: 'once', datastore: 'postgresql', version: '17', flavor: 'small', volume: { sizeGb: 1 }, idempotencyKey: 'k' };
    const again = () => world.domain.instances.create(world.caller('EDITOR', 'r', ours), input);
    const first = await again();
    await update('17', { visibility: 'PRIVATE', active: false });
    expect((await again()).instance.id).toBe(first.instance.id);
    expect((await told(create(ours, { version: '17', idempotencyKey: 'other' }))).code).toBe('RESOURCE.NOT_FOUND');
  });

  it('read the catalogue one after the other, so that the newest stays', async () => {
    let held = Promise.withResolvers<void>();
    let asked = 0;
    const slow = { ...world.store, query: async (text: string, values?: readonly unknown[]) => {
      asked += 1;
      const rows = await world.store.query(text, values);
      await held.promise;
      return rows;
    } } as typeof world.store;
    const loading = loadCatalogue(slow, await loadPlugins());
    held.resolve();
    const catalogue = await loading;
    const statements = asked;
    held = Promise.withResolvers<void>();
    const older = catalogue.reload();
    await elsewhere('update datastore_version set deprecated = true', []);
    const newer = [catalogue.reload(), catalogue.reload()];
    expect(asked).toBe(2 * statements);
    held.resolve();
    await Promise.all([older, ...newer]);
    expect(asked).toBe(3 * statements);
    expect(catalogue.version(operator(), versionOf('17').id)!.deprecated).toBe(true);
  });
});

describe('a version whose catalogue of parameters is at fault', () => {
  it('has no CONFIGURATION, with the reason; its neighbours have', async () => {
    const plugins = (await loadPlugins()).map((one) =>
      (one.state === 'READY' && one.name === 'postgresql' ? { ...one, plugin: { ...one.plugin, manifest: { ...one.plugin.manifest, capabilities: ['CONFIGURATION', 'USERS'] as const, absent: {} } } } : one));
    const catalogue = await loadCatalogue(world.store, plugins, (datastore, track) => (datastore === 'postgresql' && track === '17' ? 'parameters: cache has no type' : null));
    const seen = catalogue.versions(operator(), catalogue.datastore('postgresql')!.id, true).map(({ name, capabilities, absent }) => ({ name, capabilities, absent }));
    expect(seen).toEqual([
      { name: '15', capabilities: ['CONFIGURATION', 'USERS'], absent: [] },
      { name: '17', capabilities: ['USERS'], absent: [{ capability: 'CONFIGURATION', reason: 'its plugin is at fault: parameters: cache has no type' }] },
      { name: '18', capabilities: ['CONFIGURATION', 'USERS'], absent: [] },
    ]);
  });
});
