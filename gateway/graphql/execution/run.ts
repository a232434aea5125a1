import type { GraphQLError, ValidatedExecutionArgs } from 'graphql';

export type Path = { readonly prev: Path; readonly key: string | number } | undefined;

export const isPromise = (value: unknown): value is Promise<unknown> => typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/** One execution of a compiled query. */
export interface Run {
  readonly context: unknown;
  readonly variableValues: ValidatedExecutionArgs['variableValues'];
  pathOf(path: Path): (string | number)[];
  /** Keeps an error, unless something above it is null already. */
  collect(error: GraphQLError, path: Path): void;
  readonly errors: GraphQLError[];
}

function pathOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let place = path; place; place = place.prev) keys.push(place.key);
  return keys.reverse();
}

export function createRun(args: ValidatedExecutionArgs): Run {
  const errors: GraphQLError[] = [];
  const nulled = new Set<string>();
  return {
    context: args.contextValue,
    variableValues: args.variableValues,
    errors,
    pathOf,
    collect(error, path) {
      const keys = pathOf(path);
      for (let length = 0; length <= keys.length; length += 1) if (nulled.has(JSON.stringify(keys.slice(0, length)))) return;
      nulled.add(JSON.stringify(keys));
      errors.push(error);
    },
  };
}
