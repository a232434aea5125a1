import { type ExecutionResult, executeRootSelectionSet, type ValidatedExecutionArgs } from 'graphql';
import { fragmentsOf } from '../document-limits.ts';
import { type CompiledQuery, compileQuery } from './compile-query.ts';
import { createRun, isPromise } from './run.ts';

type Executed = ExecutionResult | Promise<ExecutionResult>;

/** A document is compiled when it comes this often: what is asked once is answered faster without. */
const usesBeforeCompiling = 3;

export function executeCompiled(compiled: CompiledQuery, args: ValidatedExecutionArgs): Executed {
  const run = createRun(args);
  const answer = (data: unknown): ExecutionResult => (run.errors.length > 0 ? { errors: run.errors, data: data as never } : { data: data as never });
  const nothing = (error: unknown): ExecutionResult => {
    run.collect(error as never, undefined);
    return answer(null);
  };
  try {
    const data = compiled(run, args.rootValue);
    return isPromise(data) ? data.then(answer, nothing) : answer(data);
  } catch (error) {
    return nothing(error);
  }
}

/** Queries that come again and again are compiled, as far as compiling covers them. */
export function createQueryExecutor(): (args: ValidatedExecutionArgs) => Executed {
  const plans = new WeakMap<object, { uses: number; compiled: CompiledQuery | null }>();

  function compiledOf(args: ValidatedExecutionArgs): CompiledQuery | null {
    const { operation, schema, document } = args;
    const plan = plans.get(operation) ?? { uses: 0, compiled: null };
    plans.set(operation, plan);
    plan.uses += 1;
    if (plan.uses === usesBeforeCompiling) plan.compiled = compileQuery(schema, operation, fragmentsOf(document));
    return plan.compiled;
  }

  return (args) => {
    const compiled = compiledOf(args);
    return compiled ? executeCompiled(compiled, args) : executeRootSelectionSet(args);
  };
}
