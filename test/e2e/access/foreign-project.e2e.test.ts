/** On a running installation, a thing of another project answers to every field as one that does not exist. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, type NodeType } from '../../../kernel/ids.ts';
import { remove, show, succeed } from '../../support/actions.ts';
import { action } from '../../support/documents.ts';
import { followEvents, latestCursor } from '../../support/follower.ts';
import { answerTo, casesOf, type Gate, unknownIds } from '../../support/foreign-walk.ts';
import { type AccessWorld, startAccessWorld } from './world.ts';

let world: AccessWorld;
let gates: Gate[];
let foreign: Partial<Record<NodeType, string>>;
beforeAll(async () => {
  world = await startAccessWorld({ COFFER_LIMITS: 'maxAliases=10000,maxCost=1000000,maxTokens=100000' });
  const { foreign: theirs, coffer, second } = world;
  foreign = { Instance: theirs.instanceId, Operation: theirs.operationId, Project: theirs.projectId, ApiToken: theirs.tokenId, DatastoreVersion: theirs.versionId };
  gates = [coffer.url, second.url].map((url) => ({
    url,
    async post(document, { variables, token }) {
      const response = await fetch(url, {
        method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json', authorization: `Bearer ${token}` }, body: JSON.stringify({ query: document, variables }),
      });
      return { status: response.status, body: await response.json() };
    },
  }));
});
afterAll(() => world?.remove());

describe('an id of another project', () => {
  it('has a known meaning in every field', () => expect(unknownIds()).toEqual([]));

  it.each(casesOf().map((one) => [`${one.operation} ${one.field}(${one.path.join('.')}: ${one.type})`, one] as const))('is answered as a missing one: %s', async (_name, one) => {
    for (const gate of gates) {
      for (const [role, token] of Object.entries(world.tokens)) {
        const missing = await answerTo(gate, one, newId(one.type), token);
        expect(await answerTo(gate, one, foreign[one.type] ?? newId(one.type), token), `as ${role} at ${gate.url}`).toEqual(missing);
        expect(JSON.stringify(missing), 'the request must be valid, or it proves nothing').not.toMatch(/REQUEST\.|INTERNAL/);
      }
    }
  });

  it('shows nothing of its life to those who listen next door', async () => {
    const from = await latestCursor(world.coffer.client);
    const follower = followEvents(() => [world.second.as(world.tokens.OWNER)], from);
    const restarts = [world.foreign.instanceId, world.own.instanceId].map(async (instanceId) => {
      const { restartInstance } = await world.coffer.client.query(action('restartInstance'), { input: { instanceId } });
      return succeed(world.coffer.client, restartInstance.operation.id);
    });
    await Promise.all(restarts);
    const { revision } = (await world.coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { revision } }', { id: world.own.instanceId })).instance;
    expect(revision).toBeGreaterThan(0);
    await follower.until((item) => item.events.type === 'instance.restart' && item.events.phase === 'END');
    await follower.stop();
    expect(new Set(follower.seen.map((item) => item.events.subject))).toEqual(new Set([world.own.instanceId]));
  });
});

describe('a deleted instance', () => {
  it('is there for operators alone, with where it ran', async () => {
    const { instanceId } = world.own;
    const { hostId, region, zone } = (await world.coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { hostId region zone } }', { id: instanceId })).instance;
    await remove(world.coffer.client, instanceId);
    const document = 'query($id: ID!) { instance(by: { id: $id }) { id deletedAt hostId region zone } }';
    expect(await world.coffer.client.query(document, { id: instanceId })).toMatchObject({ instance: { id: instanceId, deletedAt: expect.any(String), hostId, region, zone } });
    const all = await world.coffer.client.query('query { instances(first: 50, filter: { includeDeleted: true }) { edges { node { id deletedAt } } } }');
    expect(all.instances.edges.map((edge: any) => edge.node)).toContainEqual({ id: instanceId, deletedAt: expect.any(String) });
    for (const token of Object.values(world.tokens)) expect(await world.coffer.as(token).query('query($id: ID!) { instance(by: { id: $id }) { id } }', { id: instanceId })).toEqual({ instance: null });
    expect((await show(world.coffer.client, instanceId)).status).not.toBe('ACTIVE');
  });
});
