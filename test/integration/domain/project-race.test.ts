/** A create and a deletion of its project at the same moment: one of the two happens, never both. */
import type pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';
import { seeWaiting } from '../../support/held-rows.ts';
import { connectTo } from '../../support/store.ts';

let world: DomainWorld;
let other: pg.Client;
let project: string;
useDomainWorld(async (fresh) => {
  world = fresh;
  project = await world.addProject('shop');
  other = await connectTo(world.url);
  await other.query('begin');
});
afterEach(() => other.end());

const create = () =>
  world.domain.instances.create(world.caller('EDITOR', 'req-create', project), { name: 'db', datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, idempotencyKey: 'once' });
const told = async (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: { code: string }) => error.code);

it('a create that finds its project being deleted is refused, and leaves nothing', async () => {
  await other.query(`update project set deleted_at = now(), name = name || '#' where id = $1`, [project]);
  const creating = told(create());
  await seeWaiting(world.store, 1);
  await other.query('commit');
  expect(await creating).toBe('RESOURCE.NOT_FOUND');
  for (const table of ['instance', 'operation', 'subject_lock', 'idempotency_key', `event where type like 'instance%'`]) expect(await world.store.query(`select 1 from ${table}`)).toEqual([]);
});

it('a project in which something is being created waits for that, and is not deleted', async () => {
  // the create comes as far as writing its idempotency key, after the instance, and waits there
  await other.query(`insert into idempotency_key (project_id, key, mutation, input_hash, answer) values ($1, 'once', 'createInstance', 'x', '{}')`, [project]);
  const creating = told(create());
  await seeWaiting(world.store, 1);
  const deleting = told(world.domain.access.deleteProject(world.caller('OPERATOR', 'req-delete'), project));
  await seeWaiting(world.store, 2);
  await other.query('rollback');
  expect([await creating, await deleting]).toEqual(['done', 'PRECONDITION.STATE']);
  expect(await world.store.query('select deleted_at from project where id = $1', [project])).toEqual([{ deleted_at: null }]);
});
