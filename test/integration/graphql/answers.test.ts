import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';

let server: ApiServer;
let viewer: string;
beforeAll(async () => {
  server = await startApiServer({ port: 21113 });
  viewer = server.fake.addToken('viewer', 'VIEWER', server.fake.projects[0]!.id);
});
afterAll(() => server.close());
beforeEach(() => { server.fake.setSilent(false); server.logged.length = 0; });

const create = `mutation Create($input: CreateInstanceInput!) { createInstance(input: $input) { __typename
  ... on CreateInstancePayload { instance { id status } operation { kind subject { id } steps { name } } userCredentials { name password } }
  ... on Error { code message remedy } ... on InvalidInputError { issues { path message } } ... on ForbiddenError { action } } }`;
const input = (name: string) => ({ input: { name, datastore: 'postgresql', flavor: 'small', volume: { sizeGb: 1 }, users: [{ name: 'app' }] } });

describe('a mutation', () => {
  it('answers the subject and the operation that does the work', async () => {
    const { body } = await server.post(create, { variables: input('fresh') });
    expect(body.data.createInstance).toMatchObject({ __typename: 'CreateInstancePayload', operation: { kind: 'instance.create', subject: { id: body.data.createInstance.instance.id } }, userCredentials: [{ name: 'app', password: 'generated' }] });
  });

  it('answers an expected refusal as data, with the path of what is wrong', async () => {
    const { status, body } = await server.post(create, { variables: input('Not Good') });
    expect(status).toBe(200);
    expect(body).toEqual({ data: { createInstance: { __typename: 'InvalidInputError', code: 'INPUT.INVALID', message: 'name', remedy: expect.any(String), issues: [{ path: ['input', 'name'], message: 'lower-case letters' }] } } });
  });

  it('answers only the type of what happened when only that is asked for', async () => {
    expect((await server.post('mutation ($input: CreateInstanceInput!) { createInstance(input: $input) { __typename } }', { variables: input('just-type') })).body.data.createInstance).toEqual({ __typename: 'CreateInstancePayload' });
    expect((await server.post(create, { variables: input('fresh-too'), token: viewer })).body.data.createInstance).toMatchObject({ __typename: 'ForbiddenError', action: 'instance.create' });
  });

  it('tells per item what became of it', async () => {
    const { id } = server.fake.addInstance('items');
    const { body } = await server.post('mutation ($id: ID!) { deleteDatabase(input: { instanceId: $id, name: "app" }) { ... on DeleteDatabasePayload { results { name error { __typename code message } } } } }', { variables: { id } });
    expect(body.data.deleteDatabase.results).toEqual([{ name: 'app', error: { __typename: 'NotFoundError', code: 'RESOURCE.NOT_FOUND', message: 'the database app was not found' } }]);
  });

  it('hides what nobody expected, and logs it under the id that it answers', async () => {
    const { body } = await server.post(create, { variables: input('boom') });
    expect(body).toMatchObject({ data: null, errors: [{ message: 'Something unexpected happened', path: ['createInstance'], extensions: { code: 'INTERNAL' } }] });
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(server.logged).toMatchObject([{ id: body.errors[0].extensions.id, err: { message: 'secret detail' } }]);
  });
});

describe('a refusal of a query', () => {
  it('is an error with its code and remedy beside what could be answered', async () => {
    const { body } = await server.post('{ system { version } }', { token: viewer });
    expect(body).toMatchObject({ data: null, errors: [{ path: ['system'], extensions: { code: 'ACCESS.FORBIDDEN', action: 'system.read', remedy: expect.any(String) } }] });
    expect(server.logged).toEqual([]);
  });

  it('costs a silent engine no more than the fields it is asked for', async () => {
    const { id } = server.fake.addInstance('silent');
    server.fake.setSilent(true);
    const { body } = await server.post('query ($id: ID!) { instance(by: { id: $id }) { name databases { totalCount } users { totalCount } } }', { variables: { id } });
    expect(body.data.instance).toEqual({ name: 'silent', databases: null, users: null });
    expect(body.errors.map((error: any) => [error.path.at(-1), error.extensions.code]).sort()).toEqual([['databases', 'ENGINE.UNAVAILABLE'], ['users', 'ENGINE.UNAVAILABLE']]);
  });
});

describe('reading', () => {
  it('an instance whose plugin is gone still works', async () => {
    const { id } = server.fake.addInstance('orphan', undefined, { versionId: 'dsv_00000000000000000000000000', datastore: 'gone', track: '3' });
    const { body } = await server.post('query ($id: ID!) { instance(by: { id: $id }) { datastoreVersion { name active datastore { name plugin { state maturity maturityReason problem } } } } }', { variables: { id } });
    expect(body.data.instance.datastoreVersion).toEqual({ name: '3', active: false, datastore: { name: 'gone', plugin: { state: 'DISABLED', maturity: 'UNKNOWN', maturityReason: null, problem: expect.any(String) } } });
  });

  it('many things by id is one look-up for each type, in the order asked for, null for what cannot be seen', async () => {
    const [a, b] = [server.fake.addInstance('a'), server.fake.addInstance('b')];
    const theirs = server.fake.addInstance('theirs', server.fake.projects[1]);
    const operation = server.fake.addOperation(a, 'instance.stop');
    server.fake.calls.length = 0;
    const ids = [b.id, 'nonsense', operation.id, theirs.id, a.id, b.id, server.fake.projects[0]!.id, server.fake.projects[1]!.id];
    const { body } = await server.post('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { variables: { ids }, token: viewer });
    expect(body.data.nodes.map((node: any) => node?.__typename ?? null)).toEqual(['Instance', null, 'Operation', null, 'Instance', 'Instance', 'Project', null]);
    expect(body.data.nodes[0].id).toBe(b.id);
    expect(server.fake.calls.sort()).toEqual(['access.findProjects', 'instances.findMany', 'operations.findMany']);
  });

  it('a list of instances asks the domain as often for a hundred as for one', async () => {
    const list = `query ($first: Int!) { instances(first: $first) { totalCount edges { node { name project { name } flavor { name } datastoreVersion { name datastore { title } }
      volume { type { name } } conditions { type } endpoints { uri } task { id kind steps { name } subject { id } fault { code } } fault { code } } } } }`;
    const asked: string[][] = [];
    for (let i = 0; i < 60; i += 1) {
      const instance = server.fake.addInstance(`many-${i}`, server.fake.projects[i % 2]);
      const { steps, ...task } = server.fake.addOperation(instance, 'instance.stop');
      expect(steps).toHaveLength(1);
      server.fake.instances.set(instance.id, { ...instance, task });
    }
    for (const first of [1, 100]) {
      server.fake.calls.length = 0;
      const { body } = await server.post(list, { variables: { first } });
      expect(body.errors).toBeUndefined();
      asked.push([...server.fake.calls].sort());
    }
    expect(asked[1]!.filter((call) => call === 'instances.list')).toHaveLength(1);
    expect(asked[1]!.length).toBeLessThanOrEqual(4);
  });

  it('hides where an instance runs from all but operators', async () => {
    const { id } = server.fake.addInstance('where');
    const query = 'query ($id: ID!) { instance(by: { id: $id }) { hostId } }';
    expect((await server.post(query, { variables: { id } })).body.data.instance.hostId).toMatch(/^host_/);
    expect((await server.post(query, { variables: { id }, token: viewer })).body.data.instance.hostId).toBeNull();
  });
});
