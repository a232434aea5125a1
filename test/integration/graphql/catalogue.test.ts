/** The catalogue as callers of different projects are shown it, and as operators change it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/ids.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { type StoreApi, startStoreApi } from '../../support/store-api.ts';

let postgres: TestPostgres;
let api: StoreApi;
let theirs: string;
let versionId: string;
/** of a viewer in the own project, and in the one that sees the private version */
let tokens: { own: string; theirs: string };
beforeAll(async () => {
  postgres = await startTestPostgres();
  api = await startStoreApi(postgres, { port: 21720 });
  theirs = await api.addProject('theirs');
  versionId = await api.restrictVersion('18', [theirs]);
  tokens = { own: (await api.addToken('own', 'VIEWER', api.projectId)).secret, theirs: (await api.addToken('theirs', 'VIEWER', theirs)).secret };
});
afterAll(async () => {
  await api.close();
  await postgres.stop();
});

const LIST = `query ($after: String) { datastore(name: "postgresql") { defaultVersion { name }
  versions(first: 10, after: $after, includeInactive: true) { totalCount edges { cursor node { id name visibility revision projects { totalCount edges { node { name } } } } } } } }`;
const list = async (token: string, after: string | null = null): Promise<any> => (await api.post(LIST, { token, variables: { after } })).body.data.datastore;
const versions = ({ versions: { edges } }: any): string[] => edges.map(({ node }: any) => `${node.name} ${node.visibility}`);
const change = async (field: string, input: object, payload: string, token?: string): Promise<any> => {
  const title = `${field[0]!.toUpperCase()}${field.slice(1)}`;
  const document = `mutation ($input: ${title}Input!) { answer: ${field}(input: $input) { __typename ... on ${title}Payload { ${payload} } ... on Error { code message remedy } ${/^(update|register)/.test(field) ? '... on InvalidInputError { issues { path message } }' : ''} } }`;
  return (await api.post(document, { variables: { input }, ...(token ? { token } : {}) })).body.data.answer;
};

describe('a version of another project', () => {
  it('is in no list, is not counted, and its cursor begins the list anew as one that never was', async () => {
    const [own, their, all] = [await list(tokens.own), await list(tokens.theirs), await list(api.operator)];
    expect([versions(own), versions(their)]).toEqual([['15 PUBLIC', '17 PUBLIC'], ['15 PUBLIC', '17 PUBLIC', '18 PRIVATE']]);
    expect([own.versions.totalCount, their.versions.totalCount]).toEqual([2, 3]);
    const { cursor } = all.versions.edges.find(({ node }: any) => node.id === versionId);
    expect(await list(tokens.own, cursor)).toEqual(await list(tokens.own, Buffer.from(newId('DatastoreVersion')).toString('base64url')));
    expect(versions(await list(tokens.theirs, cursor))).toEqual([]);
  });

  it('is no node', async () => {
    const node = async (token: string): Promise<unknown> => (await api.post('query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }', { token, variables: { id: versionId } })).body.data;
    expect([await node(tokens.own), await node(tokens.theirs)]).toEqual([{ node: null, nodes: [null] }, { node: { id: versionId }, nodes: [{ id: versionId }] }]);
  });

  it('tells operators alone who sees it', async () => {
    const projectsOf = (data: any): unknown => data.versions.edges.at(-1).node.projects;
    expect([projectsOf(await list(api.operator)), projectsOf(await list(tokens.theirs))]).toEqual([{ totalCount: 1, edges: [{ node: { name: 'theirs' } }] }, null]);
  });

  it('is still what an instance shows that was made of it', async () => {
    const [id] = await api.addInstances(1);
    await api.store.query('update instance set version_id = $2, track = $3 where id = $1', [id, versionId, '18']);
    const { body } = await api.post('query ($id: ID!) { instance(by: { id: $id }) { datastoreVersion { name visibility } } }', { token: tokens.own, variables: { id } });
    expect(body.data.instance.datastoreVersion).toEqual({ name: '18', visibility: 'PRIVATE' });
  });
});

describe('changing', () => {
  const shown = 'datastoreVersion { name active deprecated visibility revision flavors { name } projects { edges { node { id } } } }';

  it('answers the version as it is from then on, and says where an input is wrong', async () => {
    const { id } = (await list(api.operator)).versions.edges[0].node;
    expect(await change('updateDatastoreVersion', { datastoreVersionId: id, deprecated: true, active: false, visibility: 'PRIVATE', projects: [theirs], flavors: ['small', 'micro'] }, shown)).toEqual({
      __typename: 'UpdateDatastoreVersionPayload',
      datastoreVersion: { name: '15', active: false, deprecated: true, visibility: 'PRIVATE', revision: 2, flavors: [{ name: 'micro' }, { name: 'small' }], projects: { edges: [{ node: { id: theirs } }] } },
    });
    expect(await change('updateDatastoreVersion', { datastoreVersionId: id, flavors: ['nonsense'] }, shown)).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'flavors', '0'], message: 'there is no flavor "nonsense"' }] });
    expect(await change('updateDatastoreVersion', { datastoreVersionId: id, revision: 1 }, shown)).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT.STALE' });
    expect(await change('updateDatastoreVersion', { datastoreVersionId: id, deprecated: null, flavors: null, active: true, visibility: 'PUBLIC' }, shown)).toMatchObject({
      datastoreVersion: { active: true, deprecated: false, visibility: 'PUBLIC', flavors: [{ name: 'nano' }, { name: 'micro' }, { name: 'small' }, { name: 'medium' }, { name: 'large' }], projects: { edges: [] } } });
  });

  it('deletes and registers again', async () => {
    const { id } = (await list(api.operator)).versions.edges[0].node;
    expect(await change('deleteDatastoreVersion', { datastoreVersionId: id }, 'datastoreVersion { name datastore { name } }')).toEqual({ __typename: 'DeleteDatastoreVersionPayload', datastoreVersion: { name: '15', datastore: { name: 'postgresql' } } });
    expect(versions(await list(api.operator))).toEqual(['17 PUBLIC', '18 PRIVATE']);
    expect(await change('registerDatastoreVersion', { datastore: 'postgresql', version: '14' }, shown)).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'version'], message: expect.stringMatching(/15, 17, 18/) }] });
    expect(await change('registerDatastoreVersion', { datastore: 'postgresql', version: '15' }, shown)).toMatchObject({ datastoreVersion: { name: '15', active: true } });
  });

  it('sets the default, and makes and deletes flavors', async () => {
    const { id } = (await list(api.operator)).versions.edges[0].node;
    expect(await change('setDefaultVersion', { datastoreVersionId: id }, 'datastore { defaultVersion { name } }')).toMatchObject({ datastore: { defaultVersion: { name: '15' } } });
    expect((await list(tokens.own)).defaultVersion.name).toBe('15');
    const { flavor } = await change('createFlavor', { name: 'odd', vcpus: 0.75, memoryMb: 700 }, 'flavor { id name vcpus memoryMb }');
    expect(flavor).toEqual({ id: expect.any(String), name: 'odd', vcpus: 0.75, memoryMb: 700 });
    expect(await change('deleteFlavor', { flavorId: flavor.id }, 'flavor { name }')).toMatchObject({ flavor: { name: 'odd' } });
    expect(await change('deleteFlavor', { flavorId: flavor.id }, 'flavor { name }')).toMatchObject({ __typename: 'NotFoundError' });
    expect(await change('createFlavor', { name: 'odd', vcpus: 1, memoryMb: 700 }, 'flavor { id }', tokens.own)).toMatchObject({ __typename: 'ForbiddenError' });
  });
});
