/** What meets at the same moment: a create and the deletion of its version or flavor, two changes of one version. One of the two happens, never both. */
import type pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';
import { seeWaiting } from '../../support/held-rows.ts';
import { connectTo } from '../../support/store.ts';

let world: DomainWorld;
let other: pg.Client;
let versionId: string;
let flavorId: string;
useDomainWorld(async (fresh) => {
  world = fresh;
  versionId = world.catalogue.defaultVersion({ role: 'OPERATOR', projectId: null }, world.catalogue.datastore('postgresql')!.id)!.id;
  flavorId = world.catalogue.flavor('small')!.id;
  other = await connectTo(world.url);
  await other.query('begin');
});
afterEach(() => other.end());

const create = (): Promise<unknown> => world.domain.instances.create(world.caller('EDITOR'), { name: 'db', datastore: 'postgresql', version: versionId, flavor: 'small', volume: { sizeGb: 1 }, idempotencyKey: 'once' });
const told = async (work: Promise<unknown>): Promise<string> => work.then(() => 'done', ({ code, message }: { code: string; message: string }) => `${code}: ${message}`);

describe.each([
  ['version', () => `update datastore_version set removed_at = now(), active = false, revision = revision + 1 where id = '${versionId}'`, () => `select 1 from datastore_version where id = '${versionId}' for update`,
    () => world.domain.catalogueChanges.deleteVersion(world.caller('OPERATOR'), versionId), 'PRECONDITION.STATE: postgresql 17 still has 1 instance'],
  ['flavor', () => `update flavor set deleted_at = now(), name = name || '#' || id where id = '${flavorId}'`, () => `select 1 from flavor where id = '${flavorId}' for update`,
    () => world.domain.catalogueChanges.deleteFlavor(world.caller('OPERATOR'), flavorId), 'PRECONDITION.STATE: flavor small is that of 1 instance'],
] as const)('a create and the deletion of its %s', (_what, remove, lock, act, refusal) => {
  it('the create that finds it being deleted is refused, and leaves nothing', async () => {
    await other.query(lock());
    await other.query(remove());
    const creating = told(create());
    await seeWaiting(world.store, 1);
    await other.query('commit');
    expect(await creating).toMatch(/^RESOURCE\.NOT_FOUND/);
    for (const table of ['instance', 'operation', 'subject_lock', 'idempotency_key', `event where type like 'instance%'`]) expect(await world.store.query(`select 1 from ${table}`)).toEqual([]);
  });

  it('the deletion waits for an instance that is being made, and is refused', async () => {
    // the create comes as far as writing its idempotency key, after the instance, and waits there
    await other.query(`insert into idempotency_key (project_id, key, mutation, input_hash, answer) values ($1, 'once', 'createInstance', 'x', '{}')`, [world.projectId]);
    const creating = told(create());
    await seeWaiting(world.store, 1);
    const deleting = told(act());
    await seeWaiting(world.store, 2);
    await other.query('rollback');
    expect([await creating, await deleting]).toEqual(['done', refusal]);
  });
});

it('of two changes of a version by people who read the same, one is told', async () => {
  await other.query(`select 1 from datastore_version where id = '${versionId}' for update`);
  const changes = [{ active: false }, { deprecated: true }].map((change) => told(world.domain.catalogueChanges.updateVersion(world.caller('OPERATOR'), { datastoreVersionId: versionId, revision: 1, ...change })));
  await seeWaiting(world.store, 2);
  await other.query('commit');
  expect((await Promise.all(changes)).sort()).toEqual(['CONFLICT.STALE: postgresql 17 is at revision 2, not 1', 'done']);
});
