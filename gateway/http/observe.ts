import type { ExecutionResult, GraphQLError } from 'graphql';
import { performance } from 'node:perf_hooks';
import type { Answer, OperationType, Prepared } from '../graphql/api.ts';
import type { GraphqlOutcome, Metrics } from './metrics.ts';

export type Finished = Pick<Metrics, 'graphqlFinished'>;

export const isStream = (answer: Answer): answer is AsyncIterable<ExecutionResult> => Symbol.asyncIterator in answer;

export function outcomeOf(result: ExecutionResult): GraphqlOutcome {
  if (!result.errors || result.errors.length === 0) return 'ok';
  if (result.errors.some((error) => error.extensions['code'] === 'INTERNAL')) return 'internal';
  return 'data' in result && result.data !== undefined ? 'error' : 'refused';
}

/** Counts what was refused before there was an operation. */
export const countRefused = (metrics: Finished, startedAt: number): void =>
  metrics.graphqlFinished('unknown', null, 'refused', (performance.now() - startedAt) / 1000);

/** Runs a prepared request and counts it. `stream` is a subscription that is set up; anything else is `result`. */
export async function runObserved(
  prepared: Prepared & { kind: 'ready' }, metrics: Finished, startedAt: number,
): Promise<{ stream: AsyncIterable<ExecutionResult>; result?: undefined } | { result: ExecutionResult; stream?: undefined }> {
  const finish = (type: OperationType, outcome: GraphqlOutcome): void => metrics.graphqlFinished(type, prepared.name, outcome, (performance.now() - startedAt) / 1000);
  try {
    const answer = await prepared.run();
    if (isStream(answer)) {
      finish(prepared.operation, 'ok');
      return { stream: answer };
    }
    finish(prepared.operation, outcomeOf(answer));
    return { result: answer };
  } catch (error) {
    finish(prepared.operation, 'internal');
    throw error;
  }
}

/** A result without `data` never ran: a request error, which "GraphQL over HTTP" gives another status. */
export const requestErrorsOf = (result: ExecutionResult): readonly GraphQLError[] | null =>
  result.errors && result.data === undefined ? result.errors : null;
