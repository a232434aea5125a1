import { describe, expect, it } from 'vitest';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

let world: DomainWorld;
useDomainWorld((fresh) => { world = fresh; });

const list = async (): Promise<unknown[]> => {
  const { edges } = await world.domain.instances.list(world.caller('VIEWER'), { first: 50 }, {}, { field: 'NAME', direction: 'ASC' });
  return edges.map(({ node }) => ({ name: node.name, status: node.status, tags: node.tags }));
};
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const forget = world.store.onStatement(() => { count += 1; });
  try { await work(); } finally { forget(); }
  return count;
}

describe('a list', () => {
  it('asks for documents once, and again when their rows were written, by whoever and however', async () => {
    const [a] = [await world.addInstance('a'), await world.addInstance('b')];
    expect(await statementsOf(list)).toBe(2);
    expect(await statementsOf(list)).toBe(1);
    await world.store.query("update instance set status = 'STOPPED' where id = $1", [a]);
    expect(await list()).toMatchObject([{ name: 'a', status: 'STOPPED' }, { name: 'b' }]);
    expect(await statementsOf(list)).toBe(1);
  });

  it('shows a row that was written back to what it was as it is', async () => {
    const id = await world.addInstance('a');
    await list();
    for (const tags of ['[{"key":"one","value":"1"}]', '[]', '[{"key":"two","value":"2"}]']) {
      await world.store.query('update instance set tags = $2::jsonb where id = $1', [id, tags]);
      expect(await list()).toMatchObject([{ tags: JSON.parse(tags) }]);
    }
  });

  it('keeps the order of the page whichever documents are known', async () => {
    for (const name of ['c', 'a']) await world.addInstance(name);
    await list();
    for (const name of ['d', 'b']) await world.addInstance(name);
    expect(await list()).toMatchObject(['a', 'b', 'c', 'd'].map((name) => ({ name })));
  });
});

// `coffer instance delete "$NAME" --yes` with an empty variable asks for it, and must not get the only one there is.
it('an empty text to look for is in no list, nor an empty id a thing left out', async () => {
  const [{ domain }, caller] = [world, world.caller('EDITOR')];
  const id = await world.addInstance('a');
  const group = await domain.configurations.create(caller, { name: 'web', datastore: 'postgresql', version: '17', values: [] });
  const page = { first: 50 };
  for (const filter of [{ name: '' }, { datastore: '' }, { projectId: '' }]) {
    expect(await domain.instances.list(caller, page, filter, { field: 'NAME', direction: 'ASC' })).toMatchObject({ totalCount: 0 });
    expect(domain.live.instanceMatches(caller, filter, (await domain.instances.find(caller, { id }))!)).toBe(false);
    expect(await domain.configurations.list(caller, page, filter)).toMatchObject({ totalCount: 0 });
  }
  for (const filter of [{ subjectId: '' }, { kind: '' }, { parentId: '' }, { projectId: '' }]) expect(await domain.operations.list(caller, page, filter)).toMatchObject({ totalCount: 0 });
  for (const filter of [{ subject: '' }, { type: '' }, { operationId: '' }, { projectId: '' }]) expect(await domain.events.list(caller, page, filter)).toMatchObject({ totalCount: 0 });
  await expect(domain.instances.create(caller, { name: 'b', datastore: 'postgresql', version: '17', flavor: 'small', volume: { sizeGb: 1 }, configurationId: '' })).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
  await expect(domain.configurations.clone(caller, { name: 'copy', configurationId: group.id, instanceId: '' })).rejects.toMatchObject({ code: 'INPUT.INVALID' });
});
