import { defineMutation } from '../mutation.ts';
import { OperationRef } from '../refs.ts';

defineMutation('cancelOperation', {
  description: 'Asks an operation to end and to undo what it has done. It has ended when its state says CANCELLED.',
  errors: ['NotFoundError', 'ForbiddenError', 'PreconditionError'],
  input: (t) => ({ operationId: t.id({ required: true }) }),
  resolve: async (ctx, { operationId }) => ({ operation: await ctx.domain.operations.cancel(ctx.caller, operationId) }),
  payload: (t) => ({ operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }) }),
});

defineMutation('retryOperation', {
  description: 'Lets a failed operation go on at the step that failed, where its kind allows that.',
  errors: ['NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError'],
  input: (t) => ({ operationId: t.id({ required: true }) }),
  resolve: async (ctx, { operationId }) => ({ operation: await ctx.domain.operations.retry(ctx.caller, operationId) }),
  payload: (t) => ({ operation: t.field({ type: OperationRef, resolve: (answer) => answer.operation }) }),
});
