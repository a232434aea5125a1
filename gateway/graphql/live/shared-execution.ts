/**
 * One event reaches every subscriber that watches its subject, mostly with the same document. Where the document, its
 * variables and what the callers may see are the same, the answer is: it is made once. A thousand watchers of one
 * instance cost one execution for each of its events.
 */
import { executeSubscriptionEvent, type ExecutionResult, type ValidatedSubscriptionArgs } from 'graphql';
import type { LogEvent } from '../../events/feed.ts';
import type { GraphqlContext } from '../context.ts';
import type { Documents } from '../documents.ts';
import { originOf } from './follow.ts';

type Executed = ExecutionResult | Promise<ExecutionResult>;
type Execute = (validated: ValidatedSubscriptionArgs) => Executed;

export function createSharedExecution(documents: Documents): (first: ValidatedSubscriptionArgs, present: (result: ExecutionResult) => ExecutionResult) => Execute {
  const answers = new WeakMap<LogEvent, Map<string, Executed>>();

  return (first, present) => {
    const { caller } = first.contextValue as GraphqlContext;
    const document = documents.of(first.document)?.key;
    // Role and project are all that the policy asks about a caller.
    const key = JSON.stringify([document, first.operation.name?.value, caller.role, caller.projectId, first.variableValues.coerced]);
    const run: Execute = (validated) => {
      const result = executeSubscriptionEvent(validated);
      return result instanceof Promise ? result.then(present) : present(result);
    };
    if (document === undefined) return run;
    return (validated) => {
      const update = validated.rootValue as object;
      const event = originOf(update);
      if (!event) return run(validated);
      let known = answers.get(event);
      if (!known) answers.set(event, (known = new Map()));
      // The list of one reader may gain what another has already let go.
      const kind = 'kind' in update ? String(update.kind) : '';
      const shared = known.get(kind + key) ?? run(validated);
      known.set(kind + key, shared);
      return shared;
    };
  };
}
