import { builder } from '../builder.ts';
import { connectionCost, defineConnection, forwardArgs } from '../connection.ts';
import { findNode } from '../node.ts';
import { FaultRef, NodeRef, OperationRef, type OperationSource, OperationStepRef } from '../refs.ts';
import type { GraphqlContext } from '../context.ts';
import type { OperationView } from '../../operations/workflow.ts';

export const OperationStateEnum = builder.enumType('OperationState', {
  values: {
    PENDING: { description: 'Accepted; no worker has taken it yet.' },
    RUNNING: {},
    SUCCEEDED: {},
    FAILED: { description: '`fault` says why.' },
    CANCELLING: { description: 'What was done is being undone.' },
    CANCELLED: { description: 'Ended on request, or taken over by a deletion.' },
  } as const,
});
export type OperationState = typeof OperationStateEnum.$inferType;

export const OperationConnection = defineConnection('Operation', OperationRef, 'operations');

/** The task of an instance knows less than its operation: the rest is read when somebody asks, for all of a list at once. */
const whole = async (operation: OperationSource, ctx: GraphqlContext): Promise<OperationView | null> =>
  'steps' in operation ? operation : ctx.operations.load(operation.id);

OperationRef.implement({
  description: 'A change of the world: durable, in visible steps, with an end that is certain.',
  interfaces: [NodeRef],
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'Such as `instance.create`.' }),
    state: t.field({ type: OperationStateEnum, resolve: (operation) => operation.state as OperationState }),
    subject: t.field({ type: NodeRef, nullable: true, description: 'What it changes; null once that is gone.', resolve: (operation, _args, ctx) => findNode(ctx, operation.subjectId) }),
    actor: t.exposeString('actor', { description: 'Who asked for it.' }),
    steps: t.field({ type: [OperationStepRef], extensions: { cost: { own: 5 } }, resolve: async (operation, _args, ctx) => (await whole(operation, ctx))?.steps ?? [] }),
    step: t.exposeString('step', { nullable: true, description: 'The name of the step it is at.' }),
    progress: t.exposeFloat('progress', { description: '0 to 1; never goes back.' }),
    attempt: t.exposeInt('attempt', { description: 'How often a worker has taken it.' }),
    deadline: t.expose('deadline', { type: 'DateTime', description: 'Past it the operation fails, whatever happens.' }),
    cancellable: t.exposeBoolean('cancellable', { description: 'Whether it can be cancelled now. What cannot be undone cannot be cancelled once it has begun.' }),
    fault: t.field({
      type: FaultRef, nullable: true, extensions: { cost: { own: 2 } },
      resolve: async (operation, _args, ctx) => {
        const fault = (await whole(operation, ctx))?.fault;
        return fault ? { ...fault, operationId: operation.id } : null;
      },
    }),
    interruptionMs: t.int({
      nullable: true, extensions: { cost: { own: 5 } }, description: 'Of an upgrade: how long clients were without the engine, from before its stop to the first connection after it. Null until that was measured, and for what interrupts nobody.',
      resolve: (operation, _args, ctx) => (operation.kind === 'instance.upgrade' ? ctx.domain.operations.interruptionMs(operation.id) : null),
    }),
    parent: t.field({
      type: OperationRef, nullable: true,
      resolve: async (operation, _args, ctx) => {
        const parentId = (await whole(operation, ctx))?.parentId;
        return parentId ? ctx.operations.load(parentId) : null;
      },
    }),
    children: t.field({
      type: OperationConnection, args: forwardArgs, ...connectionCost(50),
      resolve: (operation, args, ctx) => ctx.domain.operations.list(ctx.caller, args, { parentId: operation.id }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
  }),
});

OperationStepRef.implement({
  description: 'A step of an operation. After a crash another worker goes on at the first that has not finished.',
  fields: (t) => ({
    name: t.exposeString('name'),
    title: t.exposeString('title', { description: 'For people.' }),
    state: t.field({ type: OperationStateEnum, description: 'CANCELLING and CANCELLED: it is taken back, and was; `fault` of the operation says which one failed.', resolve: (step) => step.state as OperationState }),
    attempts: t.exposeInt('attempts'),
    progress: t.exposeFloat('progress', { nullable: true, description: '0 to 1, where the step can tell.' }),
    message: t.exposeString('message', { nullable: true }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true }),
  }),
});

const OperationFilterInput = builder.inputType('OperationFilter', {
  description: 'All that is given must hold.',
  fields: (t) => ({
    subjectId: t.id(),
    projectId: t.id(),
    state: t.field({ type: [OperationStateEnum], description: 'One of these.' }),
    kind: t.string({ description: 'Such as `instance.create`.' }),
    parentId: t.id(),
  }),
});

builder.queryFields((t) => ({
  operations: t.field({
    type: OperationConnection, ...connectionCost(10), description: 'Newest first.',
    args: { ...forwardArgs, filter: t.arg({ type: OperationFilterInput }) },
    resolve: (_root, { filter, ...page }, ctx) => ctx.domain.operations.list(ctx.caller, page, { ...filter }),
  }),
}));
