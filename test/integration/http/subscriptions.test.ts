import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { openStream, type Transport } from '../../support/streams.ts';

let server: ApiServer;
beforeAll(async () => { server = await startApiServer({ port: 21106 }); });
afterAll(() => server.close());

const instanceUpdates = 'subscription ($id: ID!, $after: Cursor) { instance(id: $id, after: $after) { cursor change id instance { name status } } }';
const listUpdates = `subscription ($filter: InstanceFilter, $after: Cursor) { instances(filter: $filter, after: $after) {
  __typename ... on InstanceListSnapshot { reset instances { name } } ... on InstanceUpserted { cursor instance { name } } ... on InstanceRemoved { id } } }`;

describe.each<Transport>(['websocket', 'sse'])('subscriptions by the stock client over %s', (transport) => {
  const open = (query: string, variables: Record<string, unknown> = {}, token = server.token) => openStream(transport, server.url, token, query, variables);

  it('tell the present, then every change in order, and end after DELETED', async () => {
    const { id } = server.fake.addInstance(`${transport}-one`);
    const stream = open(instanceUpdates, { id });
    expect((await stream.next())?.data.instance).toMatchObject({ change: 'SNAPSHOT', id, instance: { status: 'ACTIVE' } });
    server.fake.change(id, { status: 'STOPPED' });
    server.fake.change(id, { status: 'ACTIVE' });
    server.fake.change(id, { deletedAt: '2026-01-02T00:00:00.000Z' });
    const seen = [await stream.next(), await stream.next(), await stream.next()].map((item) => [item?.data.instance.change, item?.data.instance.instance?.status ?? null]);
    expect(seen).toEqual([['UPDATED', 'STOPPED'], ['UPDATED', 'ACTIVE'], ['DELETED', null]]);
    expect(await stream.next()).toBeNull();
    expect(await stream.ended).toBeNull();
  });

  it('resume after a cursor without gap or repeat', async () => {
    const { id } = server.fake.addInstance(`${transport}-two`);
    const first = open(instanceUpdates, { id });
    await first.next();
    server.fake.change(id, { status: 'STOPPED' });
    const { cursor } = (await first.next())!.data.instance;
    first.stop();
    server.fake.change(id, { status: 'ACTIVE' });
    const second = open(instanceUpdates, { id, after: cursor });
    expect((await second.next())?.data.instance).toMatchObject({ change: 'UPDATED', instance: { status: 'ACTIVE' } });
    second.stop();
  });

  it('say RESET with the present when the cursor is too old', async () => {
    const { id } = server.fake.addInstance(`${transport}-three`);
    const stream = open(instanceUpdates, { id, after: 'too-old' });
    expect((await stream.next())?.data.instance.change).toBe('RESET');
    stream.stop();
  });

  it('of a list tell one snapshot, then upserts and removals, also of what stops matching', async () => {
    const a = server.fake.addInstance(`${transport}-list`, undefined, { status: 'ERROR' });
    const stream = open(listUpdates, { filter: { status: ['ERROR'] } });
    expect((await stream.next())?.data.instances).toMatchObject({ __typename: 'InstanceListSnapshot', reset: false, instances: [{ name: a.name }] });
    const b = server.fake.addInstance(`${transport}-other`);
    server.fake.change(b.id, { status: 'ERROR' });
    server.fake.change(b.id, { status: 'ACTIVE' });
    server.fake.change(b.id, { status: 'STOPPED' });
    server.fake.change(a.id, { deletedAt: '2026-01-02T00:00:00.000Z' });
    expect((await stream.next())?.data.instances).toMatchObject({ __typename: 'InstanceUpserted', instance: { name: b.name } });
    expect((await stream.next())?.data.instances).toEqual({ __typename: 'InstanceRemoved', id: b.id });
    expect((await stream.next())?.data.instances).toEqual({ __typename: 'InstanceRemoved', id: a.id });
    stream.stop();
  });

  it('of an operation end when it has ended, also for who comes back later', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance(`${transport}-op`), 'instance.stop');
    const query = 'subscription ($id: ID!, $after: Cursor) { operation(id: $id, after: $after) { cursor change operation { state } } }';
    const stream = open(query, { id: operation.id });
    const { cursor } = (await stream.next())!.data.operation;
    await server.post('mutation ($id: ID!) { cancelOperation(input: { operationId: $id }) { __typename } }', { variables: { id: operation.id } });
    expect((await stream.next())?.data.operation.operation.state).toBe('CANCELLED');
    expect(await stream.next()).toBeNull();
    const late = open(query, { id: operation.id, after: cursor });
    expect((await late.next())?.data.operation).toMatchObject({ change: 'UPDATED', operation: { state: 'CANCELLED' } });
    expect(await late.next()).toBeNull();
  });

  it('of events deliver what the caller may see', async () => {
    const [alpha, beta] = server.fake.projects;
    const viewer = server.fake.addToken('viewer', 'VIEWER', alpha!.id);
    const stream = open('subscription { events { type subject project } }', {}, viewer);
    const ready = open('subscription { instances { __typename } }', {}, viewer);
    await ready.next();
    await vi.waitFor(() => expect(server.fake.feed.readers()).toBeGreaterThanOrEqual(2));
    server.fake.feed.emit({ type: 'test', subject: 'foreign', projectId: beta!.id });
    server.fake.feed.emit({ type: 'test', subject: 'own', projectId: alpha!.id });
    expect((await stream.next())?.data.events).toEqual({ type: 'test', subject: 'own', project: alpha!.id });
    stream.stop();
    ready.stop();
  });

  it('leave nothing behind when the client unsubscribes from something quiet', async () => {
    await vi.waitFor(() => expect(server.fake.feed.readers()).toBe(0));
    const { id } = server.fake.addInstance(`${transport}-quiet`);
    const stream = open(instanceUpdates, { id });
    await stream.next();
    expect(server.fake.feed.readers()).toBe(1);
    stream.stop();
    await vi.waitFor(() => expect(server.fake.feed.readers()).toBe(0));
  });

  it('fail with data when the feed fails, and show nothing unexpected', async () => {
    const { id } = server.fake.addInstance(`${transport}-broken`);
    const { live } = server.fake.domain;
    const before = live.instance;
    live.instance = async () => { throw new Error('secret detail'); };
    const stream = open(instanceUpdates, { id });
    const item = await stream.next();
    live.instance = before;
    expect(item?.errors?.[0]).toMatchObject({ message: 'Something unexpected happened', extensions: { code: 'INTERNAL' } });
    expect(JSON.stringify(item)).not.toContain('secret');
    expect(await stream.next()).toBeNull();
  });

  it('also carry queries and mutations', async () => {
    expect((await open('{ viewer { actor } }').next())?.data).toEqual({ viewer: { actor: 'token:admin' } });
    expect((await open('mutation { createProject(input: { name: "gamma" }) { __typename } }').next())?.data).toEqual({ createProject: { __typename: 'CreateProjectPayload' } });
  });

  it('end with the token, revoked or expired, and say why', async () => {
    const { id } = server.fake.addInstance(`${transport}-token`);
    const revoked = server.fake.addToken('revoked', 'VIEWER', server.fake.projects[0]!.id);
    const expiring = server.fake.addToken('expiring', 'VIEWER', server.fake.projects[0]!.id, new Date(Date.now() + 300).toISOString());
    for (const token of [revoked, expiring]) {
      const stream = open(instanceUpdates, { id }, token);
      await stream.next();
      const { id: tokenId } = server.fake.tokens.get(token)!;
      if (token === revoked) {
        await server.fake.domain.access.revokeToken(await operator(), tokenId);
        server.server.onTokenRevoked(tokenId);
      }
      if (transport === 'websocket') expect(await stream.ended).toMatchObject({ code: 4403, reason: expect.stringContaining('ACCESS.UNAUTHENTICATED') });
      else expect((await stream.next())?.errors?.[0]?.extensions?.code).toBe('ACCESS.UNAUTHENTICATED');
      expect(await stream.next()).toBeNull();
    }
  });

  it('are counted while they live', async () => {
    const { id } = server.fake.addInstance(`${transport}-count`);
    const count = async (): Promise<number> => {
      const text = await (await fetch(server.url.replace('/graphql', '/metrics'))).text();
      return Number(new RegExp(`coffer_subscriptions\\{transport="${transport}"\\} (\\d+)`).exec(text)?.[1]);
    };
    await vi.waitFor(async () => expect(await count()).toBe(0));
    const streams = [open(instanceUpdates, { id }), open(instanceUpdates, { id })];
    for (const stream of streams) await stream.next();
    expect(await count()).toBe(2);
    for (const stream of streams) stream.stop();
    await vi.waitFor(async () => expect(await count()).toBe(0));
  });
});

const operator = async () => (await server.fake.domain.access.authenticate(server.token, null, 'r'))!;

describe('a gateway that closes', () => {
  it.each<Transport>(['websocket', 'sse'])('ends streams so that clients come back: %s', async (transport) => {
    const closing = await startApiServer({ port: 21107 });
    const { id } = closing.fake.addInstance('one');
    const stream = openStream(transport, closing.url, closing.token, instanceUpdates, { id });
    await stream.next();
    const closed = closing.close();
    const why = await stream.ended;
    if (transport === 'websocket') expect(why).toMatchObject({ code: 1012 });
    else expect(why).toBeNull();
    await closed;
    await vi.waitFor(() => expect(closing.fake.feed.readers()).toBe(0));
  });
});

describe('one event for many subscribers', () => {
  it('is executed once for those that may see the same with the same document', async () => {
    const shared = await startApiServer({ port: 21108 });
    const { id } = shared.fake.addInstance('shared');
    let executions = 0;
    const { catalogue } = shared.fake.domain;
    const flavor = catalogue.flavor;
    catalogue.flavor = (name) => { executions += 1; return flavor(name); };
    const query = 'subscription ($id: ID!) { instance(id: $id) { change instance { flavor { name } } } }';
    const other = shared.fake.addToken('viewer', 'VIEWER', shared.fake.projects[0]!.id);
    const streams = [shared.token, shared.token, shared.token, other].map((token) => openStream('websocket', shared.url, token, query, { id }));
    for (const stream of streams) await stream.next();
    executions = 0;
    shared.fake.change(id, { status: 'STOPPED' });
    for (const stream of streams) expect((await stream.next())?.data.instance).toEqual({ change: 'UPDATED', instance: { flavor: { name: 'small' } } });
    expect(executions).toBe(2);
    await shared.close();
  });
});
