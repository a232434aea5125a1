/** What is accepted: at most what fits, and soon after something went, what then fits. */
import { describe, expect, it } from 'vitest';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
useDomainWorld((fresh) => { world = fresh; });

/** The host has room for two of these. */
const create = (name: string, more: object = {}) =>
  world.domain.instances.create(world.caller('EDITOR'), { projectId: world.projectId, name, datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, ...more });
const codesOf = (results: PromiseSettledResult<unknown>[]): string[] => results.map((one) => (one.status === 'fulfilled' ? 'accepted' : (one.reason as { code: string }).code)).sort();

describe('creates', () => {
  it('that come at once are accepted as far as they fit', async () => {
    const results = await Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => create(name)));
    expect(codesOf(results)).toEqual(['ADMISSION.NO_MEMORY', 'ADMISSION.NO_MEMORY', 'accepted', 'accepted']);
  });

  it('count what each takes besides its flavor', async () => {
    await world.store.query(`update host set facts = facts || '{"guestOverheadMb": 1}'`);
    await create('one');
    await expect(create('two')).rejects.toMatchObject({ code: 'ADMISSION.NO_MEMORY', message: expect.stringContaining('has 1022 MB') });
  });

  it('are accepted as soon as something went', async () => {
    const { instance } = await create('one');
    await create('two');
    await expect(create('three')).rejects.toMatchObject({ code: 'ADMISSION.NO_MEMORY' });
    await world.store.query('update instance set deleted_at = now() where id = $1', [instance.id]);
    await create('three');
  });

  it('that are repeated are answered, also when nothing fits any more', async () => {
    const first = await create('one', { idempotencyKey: 'k' });
    await create('two');
    expect((await create('one', { idempotencyKey: 'k' })).instance.id).toBe(first.instance.id);
  });

  it('carry their operation as their task from the first moment on', async () => {
    const { instance, operation } = await create('one');
    expect(instance).toMatchObject({ status: 'BUILDING', conditions: [], revision: 1, task: { id: operation.id, kind: 'instance.create', state: 'PENDING' } });
    const events = await world.store.query<{ type: string; phase: string; doc: { id: string } }>('select type, phase, doc from event where operation_id = $1 order by id', [operation.id]);
    expect(events.map(({ type, phase }) => `${type} ${phase}`)).toEqual(['instance.create START', 'instance.created INFO']);
    expect(events[1]!.doc).toEqual(instance);
  });

  it('are four statements each, BEGIN and COMMIT among them, beside a look at the hosts now and then', async () => {
    await create('one');
    const statements: string[] = [];
    const stop = world.store.onStatement((text) => statements.push(text));
    await create('two');
    stop();
    expect(statements.filter((text) => !text.includes('from host h')).length).toBe(4);
  });
});
