/** What a scenario is, and what all of them are made of. */
import { expect } from 'vitest';
import { agentPid, finish, type OperationNow } from '../../../support/actions.ts';
import { WATCH_OPERATION } from '../../../support/documents.ts';
import type { Place } from '../checks.ts';
import type { Target } from '../engines.ts';

export interface Begun { operationId: string; requestId: string | null; payload: any }
export interface Scenario {
  name: string;
  /** of the operation */
  kind: string;
  /** what it works on, what it leaves: a running instance, a stopped one, or nothing */
  takes: 'running' | 'stopped' | 'nothing';
  leaves: 'running' | 'stopped' | 'nothing';
  ends: 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  /** A variant of another: in the suite only what that one does not pass is killed, and the end. */
  isVariant?: true;
  prepare?(world: Place, target: Target): Promise<void>;
  begin(world: Place, target: Target): Promise<Begun>;
  check(world: Place, target: Target, operation: OperationNow): Promise<void>;
}

export async function mutate(world: Place, document: string, input: Record<string, unknown>): Promise<Begun> {
  const { body, requestId } = await world.coffer.client.raw(document, { input });
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  const [payload] = Object.values<any>(body.data);
  if (!payload.__typename.endsWith('Payload')) throw new Error(`refused: ${JSON.stringify(payload)}`);
  return { operationId: payload.operation.id, requestId, payload };
}

export const engineAction = (name: string, more = 'results { name error { code message } }'): string => {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation Act($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Payload { operation { id state } ${more} } ... on Error { code message } } }`;
};

let serial = 0;
export const freshName = (prefix: string): string => `${prefix}-${(serial += 1)}`;

/** Begun and succeeded: before or after what is disturbed. */
export async function done(world: Place, target: Target, begin: Scenario['begin']): Promise<void> {
  const { operationId } = await begin(world, target);
  expect((await finish(world.coffer.client, operationId)).state).toBe('SUCCEEDED');
}

const CANCEL = 'mutation($input: CancelOperationInput!) { cancelOperation(input: $input) { __typename ... on CancelOperationPayload { operation { id } } ... on Error { code message } } }';
/** The agent is deaf until the cancel is accepted, so that what it was asked for is half done. `isInside`: resolves when the moment has come. */
export async function calledOffWhileDeaf(world: Place, target: Target, begin: Scenario['begin'], isInside: (operationId: string) => Promise<unknown>): Promise<Begun> {
  const agent = await agentPid(target.id);
  const tell = (signal: 'SIGSTOP' | 'SIGCONT'): void => { try { process.kill(agent, signal); } catch { /* it was killed */ } };
  tell('SIGSTOP');
  try {
    const begun = await begin(world, target);
    await isInside(begun.operationId);
    await mutate(world, CANCEL, { operationId: begun.operationId });
    return begun;
  } finally {
    tell('SIGCONT');
  }
}

const stepShownMs = 4_000;
/** In the middle of this step. */
export const calledOffIn = (world: Place, target: Target, begin: Scenario['begin'], step: string): Promise<Begun> => calledOffWhileDeaf(world, target, begin, (id) =>
  world.coffer.client.watch<any>(WATCH_OPERATION, { id }, (item) => item.operation.operation.step === step, stepShownMs).catch(() => {}));
