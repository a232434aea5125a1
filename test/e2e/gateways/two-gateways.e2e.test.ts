/**
 * Two gateways over one store are one: what is asked of either is seen at both, and whoever listened to one that died
 * goes on at the other without a gap or a repeat.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, endOf, enginePid, finish, until } from '../../support/actions.ts';
import { action, WATCH_OPERATION } from '../../support/documents.ts';
import { type EventNode, follow, type Follower, followEvents, latestCursor, loggedSince } from '../../support/follower.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { freePorts } from '../../support/free-ports.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';
import { lookIntoStore } from '../../support/store-look.ts';

let coffer: Installation;
let second: GatewayProcess;
let secondPorts: number[];
let instanceId: string;
const [first, other] = [0, 1];
const clients = () => [coffer.client, second.client];
const redis = (name: string) => ({ name, datastore: 'redis', version: '8', users: [{ name: 'app' }] });

beforeAll(async () => {
  coffer = await startInstallation();
  secondPorts = await freePorts(3);
  second = await startGatewayProcess(coffer, { ports: secondPorts });
  await second.ready();
  instanceId = (await create(coffer.client, redis('steady'))).id;
  await until(second.client, instanceId, (instance) => instance.status === 'ACTIVE');
});
afterAll(async () => {
  await second?.end('SIGKILL');
  await coffer?.remove();
});

const readyAgain = async (url: string): Promise<void> => {
  const deadline = Date.now() + 30_000;
  while (!(await fetch(url.replace('/graphql', '/readyz')).then((answer) => answer.ok, () => false))) {
    if (Date.now() > deadline) throw new Error(`${url} did not become ready again`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
};
const killFirst = async (): Promise<void> => { process.kill(await coffer.gatewayPid(), 'SIGKILL'); };
const killSecond = (): Promise<void> => second.end('SIGKILL');
const startSecond = async (): Promise<void> => {
  second = await startGatewayProcess(coffer, { ports: secondPorts });
  await second.ready();
};
/** The process that the agent of the instance reports to. */
async function holderOf(id: string): Promise<number> {
  const [row] = await lookIntoStore<{ agent_gateway: string | null }>(coffer, 'select agent_gateway from instance where id = $1', [id]);
  return Number(/\/(\d+)-/.exec(row?.agent_gateway ?? '')?.[1] ?? 0);
}

/** Each has seen everything that was logged since, once, in order, and nothing else. */
async function expectComplete(followers: readonly Follower<{ events: EventNode }>[], from: string | null, last: (event: EventNode) => boolean): Promise<void> {
  await Promise.all(followers.map((follower) => follower.until((item) => last(item.events))));
  const logged = (await loggedSince(second.client, from)).map((event) => event.id);
  await Promise.all(followers.map((follower) => follower.until((item) => item.events.id === logged.at(-1))));
  await Promise.all(followers.map((follower) => follower.stop()));
  for (const follower of followers) {
    const seen = follower.seen.map((item) => item.events.id);
    expect(seen.slice(0, logged.length)).toEqual(logged);
    expect(new Set(seen).size).toBe(seen.length);
  }
}
const isEndOf = (operationId: string) => (event: EventNode): boolean => event.operation === operationId && event.phase === 'END' && event.type.startsWith('instance.');

describe('two gateways on one store', () => {
  it('tell each the other\'s changes, step by step', async () => {
    const made = await create(coffer.client, redis('told'));
    const seen = await second.client.watch<any>(WATCH_OPERATION, { id: made.operationId }, (item) => item.operation.operation.state === 'SUCCEEDED');
    const progress = seen.map((item) => item.operation.operation.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    const { body } = await second.client.raw(action('stopInstance'), { input: { instanceId: made.id } });
    expect((await finish(coffer.client, body.data.stopInstance.operation.id)).state).toBe('SUCCEEDED');
    await until(coffer.client, made.id, (instance) => instance.status === 'STOPPED');
  });

  it.each([
    { who: 'the first', at: first, kill: killFirst, back: () => readyAgain(coffer.url) },
    { who: 'the second', at: other, kill: killSecond, back: startSecond },
  ])('lose nothing when $who is killed under its subscribers in the middle of an operation', async ({ at, kill, back }) => {
    const from = await latestCursor(second.client);
    const follower = followEvents(clients, from, { startAt: at });
    const survivor = clients()[1 - at]!;
    const made = await create(survivor, redis(`survives-${at}`));
    await follower.until((item) => item.events.operation === made.operationId);
    await kill();
    await back();
    expect((await endOf(clients()[at]!, made.operationId)).state).toBe('SUCCEEDED');
    expect(follower.resumptions()).toBeGreaterThan(0);
    await expectComplete([follower], from, isEndOf(made.operationId));
  });

  it('serve 500 subscribers of the one that dies, all at once, from where each was', async () => {
    const from = await latestCursor(second.client);
    const followers = Array.from({ length: 500 }, () => followEvents(clients, from, { startAt: first }));
    const made = await create(second.client, redis('watched-by-many'));
    await Promise.all(followers.map((follower) => follower.until((item) => item.events.operation === made.operationId)));
    await killFirst();
    // The create may have ended before the kill: what they go on with is then still to come.
    await Promise.all(followers.map((follower) => follower.resumed()));
    expect((await endOf(second.client, made.operationId)).state).toBe('SUCCEEDED');
    const { body } = await second.client.raw(action('stopInstance'), { input: { instanceId: made.id } });
    await endOf(second.client, body.data.stopInstance.operation.id);
    await expectComplete(followers, from, isEndOf(body.data.stopInstance.operation.id));
    await readyAgain(coffer.url);
  });

  it('give an instance\'s subscriber every revision in order across both deaths', async () => {
    const follower = follow<any>({
      clients, cursorOf: (item) => item.instance.cursor, variables: { id: instanceId },
      document: 'subscription($id: ID!, $after: Cursor) { instance(id: $id, after: $after) { cursor instance { revision status intent } } }',
    });
    await follower.until((item) => item.instance.instance.status === 'ACTIVE');
    for (const [kill, back] of [[killFirst, () => readyAgain(coffer.url)], [killSecond, startSecond]] as const) {
      const { body } = await clients()[follower.at()]!.raw(action('restartInstance'), { input: { instanceId } });
      await kill();
      await back();
      expect((await endOf(second.client, body.data.restartInstance.operation.id)).state).toBe('SUCCEEDED');
    }
    const { revision } = (await second.client.query('query($id: ID!) { instance(by: { id: $id }) { revision } }', { id: instanceId })).instance;
    await follower.until((item) => item.instance.instance.revision >= revision);
    await follower.stop();
    const revisions = follower.seen.map((item) => item.instance.instance.revision);
    expect(revisions).toEqual(Array.from(revisions, (_, index) => revisions[0] + index));
  });

  it('take over the agents of the one that dies, and go on telling the truth', async () => {
    const holder = await holderOf(instanceId);
    const isFirst = holder === (await coffer.gatewayPid());
    if (!isFirst) expect(holder).toBe(second.pid);
    const survivor = clients()[isFirst ? 1 : 0]!;
    await (isFirst ? killFirst() : killSecond());
    await until(survivor, instanceId, (instance) => instance.status === 'ACTIVE');
    const told = until(survivor, instanceId, (instance) => instance.status === 'UNHEALTHY');
    await expect.poll(() => holderOf(instanceId), { timeout: 30_000 }).not.toBe(holder);
    process.kill(await enginePid(instanceId), 'SIGKILL');
    await told;
    await until(survivor, instanceId, (instance) => instance.status === 'ACTIVE');
    await (isFirst ? readyAgain(coffer.url) : startSecond());
  });

  it('lose nothing when the store is killed', async () => {
    const from = await latestCursor(coffer.client);
    const followers = [followEvents(clients, from, { startAt: first }), followEvents(clients, from, { startAt: other })];
    const made = await create(coffer.client, redis('through-a-crash'));
    await Promise.all(followers.map((follower) => follower.until((item) => item.events.operation === made.operationId)));
    process.kill(Number((await readFile(join(coffer.home, 'store/data/postmaster.pid'), 'utf8')).split('\n')[0]), 'SIGKILL');
    await Promise.all([coffer.url, second.url].map(readyAgain));
    expect((await endOf(second.client, made.operationId)).state).toBe('SUCCEEDED');
    await expectComplete(followers, from, isEndOf(made.operationId));
    await until(coffer.client, instanceId, (instance) => instance.status === 'ACTIVE');
  });
});
