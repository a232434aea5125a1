/** What a token opened ends with it: on every gateway, over every transport. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream, type Stream } from '../../support/streams.ts';
import { type AccessWorld, newToken, startAccessWorld } from './world.ts';

const WATCH = 'subscription($id: ID!) { instance(id: $id) { cursor instance { status } } }';
const REVOKE = 'mutation($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) { __typename ... on Error { code message } } }';
const endsWithinMs = 5_000;

let world: AccessWorld;
beforeAll(async () => { world = await startAccessWorld(); });
afterAll(() => world?.remove());

async function openEverywhere(token: string): Promise<Stream[]> {
  const streams = [world.coffer.url, world.second.url].flatMap((url) => (['websocket', 'sse'] as const).map((transport) => openStream(transport, url, token, WATCH, { id: world.own.instanceId })));
  for (const stream of streams) expect((await stream.next())?.data.instance.instance.status).toEqual(expect.any(String));
  return streams;
}
async function expectEnded(streams: readonly Stream[], token: string): Promise<void> {
  const late = new Promise((resolve) => { setTimeout(resolve, endsWithinMs, 'still open').unref(); });
  for (const stream of streams) expect(await Promise.race([stream.ended, late])).not.toBe('still open');
  for (const client of [world.coffer.as(token), world.second.as(token)]) {
    expect(JSON.stringify(await client.raw('{ viewer { role } }'))).toContain('ACCESS.UNAUTHENTICATED');
  }
}

describe('a token', () => {
  it('that is revoked on one gateway ends its subscriptions on both', async () => {
    const { secret, id } = await newToken(world.coffer, { name: 'soon-revoked', role: 'VIEWER', projectId: world.own.projectId });
    const streams = await openEverywhere(secret);
    expect((await world.coffer.client.query(REVOKE, { input: { tokenId: id } })).revokeApiToken.__typename).toBe('RevokeApiTokenPayload');
    await expectEnded(streams, secret);
  });

  it('that expires ends its subscriptions on both', async () => {
    const { secret } = await newToken(world.coffer, { name: 'soon-expired', role: 'VIEWER', projectId: world.own.projectId, expiresAt: new Date(Date.now() + 3_000).toISOString() });
    await expectEnded(await openEverywhere(secret), secret);
  });

  it('ends with its project', async () => {
    const { createProject } = await world.coffer.client.query('mutation { createProject(input: { name: "brief" }) { ... on CreateProjectPayload { project { id } } } }');
    const projectId = createProject.project.id;
    const { secret } = await newToken(world.coffer, { name: 'brief', role: 'OWNER', projectId });
    const stream = openStream('websocket', world.second.url, secret, 'subscription { instances { __typename } }');
    expect((await stream.next())?.data.instances.__typename).toBe('InstanceListSnapshot');
    await world.coffer.client.query('mutation($input: DeleteProjectInput!) { deleteProject(input: $input) { __typename } }', { input: { projectId } });
    await expectEnded([stream], secret);
  });
});
