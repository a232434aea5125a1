/**
 * Execution with its last checks: variables are coerced by graphql's own rules (so that `@oneOf` holds whoever executes),
 * the cost is judged with them, and every error is presented in one place.
 */
import {
  createSourceEventStream, type ExecutionArgs, type ExecutionResult, executeRootSelectionSet, type GraphQLError, mapSourceToResponseEvent,
  type ValidatedExecutionArgs, validateExecutionArgs, validateSubscriptionArgs,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Log } from '../../../kernel/log.ts';
import type { GraphqlContext } from '../context.ts';
import type { Documents } from '../documents.ts';
import { createQueryExecutor } from '../execution/execute-query.ts';
import { presentError } from '../present-error.ts';
import { endingWithData } from '../live/ending-with-data.ts';
import { createSharedExecution } from '../live/shared-execution.ts';

export interface ExecutionOptions { documents: Documents; log: Log }

const requestIdOf = (args: ExecutionArgs): string => (args.contextValue as GraphqlContext).caller.requestId;

export function useExecution({ documents, log }: ExecutionOptions): Plugin {
  const executeQuery = createQueryExecutor();
  const share = createSharedExecution(documents);

  function refusalsOf(args: ExecutionArgs, validated: readonly GraphQLError[] | ValidatedExecutionArgs): readonly GraphQLError[] {
    if ('length' in validated) return validated;
    return documents.of(args.document)?.costErrors(args.operationName, validated.variableValues.coerced) ?? [];
  }
  function presented(result: ExecutionResult, args: ExecutionArgs): ExecutionResult {
    if (!result.errors) return result;
    return { ...result, errors: result.errors.map((error) => presentError(error, log, requestIdOf(args))) };
  }
  function refused(errors: readonly GraphQLError[], args: ExecutionArgs): ExecutionResult {
    for (const error of errors) error.extensions['code'] ??= 'REQUEST.INVALID';
    return presented({ errors }, args);
  }

  function execute(args: ExecutionArgs): ExecutionResult | Promise<ExecutionResult> {
    const validated = validateExecutionArgs(args);
    const refusals = refusalsOf(args, validated);
    if (refusals.length > 0 || 'length' in validated) return refused(refusals, args);
    const run = validated.operation.operation === 'query' ? executeQuery : executeRootSelectionSet;
    const result = run(validated);
    return result instanceof Promise ? result.then((done) => presented(done, args)) : presented(result, args);
  }

  async function subscribe(args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult> | ExecutionResult> {
    const validated = validateSubscriptionArgs(args);
    const refusals = refusalsOf(args, validated);
    if (refusals.length > 0 || 'length' in validated) return refused(refusals, args);
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return presented(source, args);
    const results = mapSourceToResponseEvent(validated, source, share(validated, (result) => presented(result, args)));
    return endingWithData(results, (error) => presented({ errors: [presentError(error, log, requestIdOf(args))] }, args));
  }

  return {
    onExecute: ({ setExecuteFn }) => setExecuteFn(execute as never),
    onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe as never),
  };
}
