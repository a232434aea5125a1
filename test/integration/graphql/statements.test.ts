/** What reading costs the store: statements are counted, not guessed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { type StoreApi, startStoreApi } from '../../support/store-api.ts';

let postgres: TestPostgres;
let api: StoreApi;
beforeAll(async () => {
  postgres = await startTestPostgres();
  api = await startStoreApi(postgres, { port: 21114 });
  for (const project of [api.projectId, await api.addProject('beta'), await api.addProject('gamma')]) await api.addInstances(40, project);
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
});

async function count(query: string, variables: object): Promise<number> {
  await api.post(query, { variables });
  api.statements.length = 0;
  const { body } = await api.post(query, { variables });
  expect(body.errors).toBeUndefined();
  return api.statements.length;
}
const shown = 'id name status build flavor { name vcpus } datastoreVersion { name datastore { title } } volume { usedBytes usedAt isStale type { name } autoscaling { maxGb } } conditions { type since } endpoints { uri } task { id kind progress } tags { key } revision';

describe('a list of instances', () => {
  const list = (fields: string) => `query ($first: Int!) { instances(first: $first) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ${fields} } } } }`;

  it('with flavor, version, task, conditions and endpoints is one statement, however long it is', async () => {
    expect([await count(list(shown), { first: 1 }), await count(list(shown), { first: 100 })]).toEqual([1, 1]);
  });

  it('with projects, steps, subjects and faults costs one statement more for each of them, however long it is', async () => {
    const fields = `${shown} project { name } task { steps { name } subject { id } parent { id } } fault { code operation { state } }`;
    const costs = [await count(list(fields), { first: 1 }), await count(list(fields), { first: 5 }), await count(list(fields), { first: 100 })];
    expect(costs[2]).toBeLessThanOrEqual(5);
    expect(costs[2]).toBe(costs[1]);
  });
});

describe('a list of configuration groups', () => {
  const list = (fields: string) => `query ($first: Int!) { configurations(first: $first) { totalCount edges { node { ${fields} } } } }`;
  const instanceList = 'query ($first: Int!) { instances(first: $first) { edges { node { id configurationRevision configuration { name values { name } } } } } }';
  beforeAll(async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => api.addConfiguration(`group-${i}`)));
    await api.store.query('update instance set configuration_id = $1, configuration_revision = 1', [ids[0]]);
  });

  it('with values and version is one statement, however long it is', async () => {
    const shownOf = 'id name description revision values { name value kind } datastoreVersion { name datastore { title } }';
    expect([await count(list(shownOf), { first: 1 }), await count(list(shownOf), { first: 30 })]).toEqual([1, 1]);
  });

  it('of instances is one statement more, however long it is', async () => {
    expect([await count(instanceList, { first: 1 }), await count(instanceList, { first: 100 })]).toEqual([2, 2]);
  });

  it('with their instances and the names of those costs two statements more, however many those are', async () => {
    const query = 'query ($first: Int!, $name: String!) { configurations(first: 1, filter: { name: $name }) { edges { node { instances(first: $first) { totalCount edges { node { revision appliedRevision restartRequired instance { name status } } } } } } } }';
    expect([await count(query, { first: 1, name: 'group-0' }), await count(query, { first: 50, name: 'group-0' })]).toEqual([3, 3]);
  });
});

describe('other reads', () => {
  it('one instance is one statement', async () => {
    const [id] = await api.addInstances(1);
    expect(await count(`query ($id: ID!) { instance(by: { id: $id }) { ${shown} } }`, { id })).toBe(1);
  });

  it('many ids are one statement for each type', async () => {
    const ids = [...await api.addInstances(20), api.projectId, api.flavor.id, api.version.id];
    // Projects are read through access, whose statements are not counted here.
    expect(await count('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })).toBe(1);
  });

  it.each(['operations', 'events'])('a list of %s is at most two statements', async (field) => {
    const [id] = await api.addInstances(1);
    for (let i = 0; i < 5; i += 1) await api.addOperation(id!);
    expect(await count(`query ($first: Int!) { ${field}(first: $first) { totalCount edges { node { id } } } }`, { first: 50 })).toBeLessThanOrEqual(2);
  });

  it('the catalogue and the viewer are none', async () => {
    expect(await count('{ viewer { actor role } flavors { name } datastores { edges { node { name defaultVersion { name } versions { edges { node { name capabilities visibility revision flavors { name } } } } } } } }', {})).toBe(0);
  });
});
