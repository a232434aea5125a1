/** What must hold once an operation has ended, however often something died on the way. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { heldByVolume } from '../../support/host/volumes.ts';
import { processesOf, show, until } from '../../support/actions.ts';
import { lookIntoStore } from '../../support/store-look.ts';
import type { Target } from './engines.ts';
import type { Installation } from '../../support/installation.ts';

export interface Place { coffer: Installation }

const settleMs = 45_000;
const lookEveryMs = 100;

/** Repeats the look until it holds: kills leave processes that are still ending, agents that are still starting. */
export async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean, what: string, timeoutMs = settleMs): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what} within ${timeoutMs} ms; last seen: ${JSON.stringify(seen).slice(0, 2_000)}`);
    await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
  }
}

const EVENTS = `query Events($filter: EventFilter!, $after: String) {
  events(first: 100, after: $after, filter: $filter) { edges { node { type phase actor clientAddress requestId } } pageInfo { hasNextPage endCursor } }
}`;
interface EventNode { type: string; phase: string; actor: string; clientAddress: string | null; requestId: string | null }

/** Oldest first. */
export async function eventsOf(world: Place, operationId: string): Promise<EventNode[]> {
  const found: EventNode[] = [];
  for (let after: string | null = null; ;) {
    const answer: { events: any } = await world.coffer.client.query(EVENTS, { filter: { operationId }, after });
    const { events } = answer;
    found.push(...events.edges.map((edge: any) => edge.node));
    if (!events.pageInfo.hasNextPage) return found.reverse();
    after = events.pageInfo.endCursor;
  }
}

/** One beginning and one end, told of the same request. */
export async function expectToldOnce(world: Place, operation: { id: string; kind: string; requestId: string | null }, end: 'END' | 'ERROR'): Promise<void> {
  const told = (await eventsOf(world, operation.id)).filter((event) => event.type === operation.kind && event.phase !== 'PROGRESS');
  expect(told.map((event) => event.phase)).toEqual(['START', end]);
  const causes = told.map(({ actor, clientAddress, requestId }) => ({ actor, clientAddress, requestId }));
  expect(causes[1]).toEqual(causes[0]);
  expect(causes[0]!.requestId).toBe(operation.requestId);
  expect(causes[0]!.clientAddress).toMatch(/127\.0\.0\.1|::1/);
}

export async function expectNothingHeld(world: Place, instanceId: string): Promise<void> {
  expect(await lookIntoStore(world.coffer, 'select operation_id from subject_lock where subject_id = $1', [instanceId])).toEqual([]);
  expect(await lookIntoStore(world.coffer, 'select id from operation where subject_id = $1 and secrets is not null', [instanceId])).toEqual([]);
}

/** ACTIVE, one agent, one engine, and the user of the create gets in. */
export async function expectRunning(world: Place, target: Target): Promise<void> {
  await expectOneEngine(world, target);
  const answer = await loginOf(world, target);
  expect(answer, answer).toBe('in');
}

/** The same, but what was called off may still be on its way down and up again when the operation has ended. */
export async function expectRunningSoon(world: Place, target: Target): Promise<void> {
  await eventually(() => loginOf(world, target), (answer) => answer === 'in', `a login at ${target.id}`);
  await expectOneEngine(world, target);
}

async function expectOneEngine(world: Place, target: Target): Promise<void> {
  await until(world.coffer.client, target.id, (instance) => instance.status === 'ACTIVE' && instance.task === null, settleMs);
  const isAgent = (command: string): boolean => /agent\.mjs/.test(command);
  await eventually(() => processesOf(target.id), (seen) => seen.filter((one) => isAgent(one.command)).length === 1 && target.engine.isOneEngine(seen.filter((one) => !isAgent(one.command))), `one agent and one engine of ${target.id}`);
  await expectNothingHeld(world, target.id);
}
const loginOf = async (world: Place, target: Target): Promise<string> => target.engine.login(await show(world.coffer.client, target.id), target.user, target.passwords[target.user]!);

export async function expectStopped(world: Place, target: Target): Promise<void> {
  await until(world.coffer.client, target.id, (instance) => instance.status === 'STOPPED' && instance.task === null, settleMs);
  await eventually(() => processesOf(target.id), (seen) => seen.length === 1, `the agent alone of ${target.id}`);
  await expectNothingHeld(world, target.id);
}

export async function expectNothingRuns(world: Place, instanceId: string): Promise<void> {
  await eventually(() => processesOf(instanceId), (seen) => seen.length === 0, `no process of ${instanceId}`);
  expect(await lookIntoStore(world.coffer, 'select port from port_lease where instance_id = $1', [instanceId])).toEqual([]);
  await expectNothingHeld(world, instanceId);
}

export async function expectGone(world: Place, instanceId: string): Promise<void> {
  await expectNothingRuns(world, instanceId);
  expect(existsSync(join(world.coffer.home, 'instances', instanceId))).toBe(false);
  expect(await heldByVolume(instanceId)).toEqual([]);
  expect(await world.coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { deletedAt } }', { id: instanceId })).toMatchObject({ instance: { deletedAt: expect.any(String) } });
}
