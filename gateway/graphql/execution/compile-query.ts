/**
 * Turns a query into a tree of closures that answers it as graphql-js would, only faster: what graphql-js finds out for
 * every object of an answer (which fields, which types, which arguments) is found out once. It covers what hot reads are
 * made of, objects, lists and leaves. Whatever else a document has (directives, interfaces, unions, introspection,
 * resolvers that look at `info`) makes it "not compiled", and graphql-js executes it. A test compares the two over many
 * documents and results (test/unit/graphql/compiled-query.test.ts, docs/adr/0006-read-path.md).
 */
import {
  defaultFieldResolver, type FieldNode, type FragmentDefinitionNode, getArgumentValues, GraphQLBoolean, type GraphQLError, GraphQLID, type GraphQLLeafType, type GraphQLObjectType,
  type GraphQLOutputType, type GraphQLSchema, GraphQLString,
  isAbstractType, isLeafType, isListType, isNonNullType, isObjectType, Kind, locatedError, type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql';
import { inspect } from 'node:util';
import { isPromise, type Path, type Run } from './run.ts';

/** From what a resolver gave to what is answered; throws what is wrong with it. */
type Complete = (value: unknown, run: Run, path: Path) => unknown;
interface FieldPlan {
  key: string;
  nodes: readonly FieldNode[];
  resolve(source: unknown, args: unknown, context: unknown): unknown;
  /** null: they depend on variables */
  constantArgs: object | null;
  args(run: Run): unknown;
  complete: Complete;
  isNonNull: boolean;
  /** neither object nor list: needs a path only when it fails */
  isLeaf: boolean;
}
export type CompiledQuery = (run: Run, rootValue: unknown) => unknown;

/** This document is left to graphql-js. */
class NotCovered extends Error {}
const notCovered = (): never => { throw new NotCovered(); };

export function compileQuery(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): CompiledQuery | null {
  const queryType = schema.getQueryType();
  if (operation.operation !== 'query' || operation.directives?.length || !queryType) return null;
  try {
    const fields = fieldPlans({ schema, fragments }, queryType, [operation.selectionSet]);
    return (run, rootValue) => executeFields(fields, rootValue, run, undefined);
  } catch (error) {
    if (error instanceof NotCovered) return null;
    throw error;
  }
}

interface Scope { schema: GraphQLSchema; fragments: ReadonlyMap<string, FragmentDefinitionNode> }

function fieldPlans(scope: Scope, type: GraphQLObjectType, sets: readonly SelectionSetNode[]): FieldPlan[] {
  const grouped = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  for (const set of sets) collect(scope, type, set, grouped, visited);
  return [...grouped].map(([key, nodes]) => fieldPlan(scope, type, key, nodes));
}

/** CollectFields of the specification, without directives. */
function collect(scope: Scope, type: GraphQLObjectType, set: SelectionSetNode, grouped: Map<string, FieldNode[]>, visited: Set<string>): void {
  const applies = (name: string | undefined): boolean => {
    const condition = name === undefined ? type : scope.schema.getType(name);
    return condition === type || (isAbstractType(condition) && scope.schema.isSubType(condition, type));
  };
  for (const selection of set.selections) {
    if (selection.directives?.length) notCovered();
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      // As a property of a plain object this name would be its prototype.
      if (key === '__proto__') notCovered();
      grouped.set(key, [...(grouped.get(key) ?? []), selection]);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      if (applies(selection.typeCondition?.name.value)) collect(scope, type, selection.selectionSet, grouped, visited);
    } else if (!visited.has(selection.name.value)) {
      visited.add(selection.name.value);
      const fragment = scope.fragments.get(selection.name.value);
      if (fragment?.directives?.length) notCovered();
      if (fragment && applies(fragment.typeCondition.name.value)) collect(scope, type, fragment.selectionSet, grouped, visited);
    }
  }
}

const noArgs = Object.freeze({});
const usesVariables = (value: unknown): boolean => typeof value === 'object' && value !== null
  && ((value as { kind?: unknown }).kind === Kind.VARIABLE || Object.entries(value).some(([key, inner]) => key !== 'loc' && usesVariables(inner)));

function fieldPlan(scope: Scope, parent: GraphQLObjectType, key: string, nodes: FieldNode[]): FieldPlan {
  const node = nodes[0]!;
  const { value: name } = node.name;
  if (name === '__typename') return { key, nodes, resolve: () => parent.name, constantArgs: noArgs, args: () => noArgs, complete: (value) => value, isNonNull: true, isLeaf: true };
  const field = parent.getFields()[name] ?? notCovered();
  const resolve = field.resolve && field.resolve !== defaultFieldResolver ? field.resolve : readProperty(name);
  if (resolve.length > 3) return notCovered();
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const constant = usesVariables(node.arguments) ? null : constantArguments(field, node);
  return {
    key, nodes,
    resolve: resolve as FieldPlan['resolve'],
    constantArgs: constant,
    args: (run) => getArgumentValues(field, node, run.variableValues),
    complete: completer(scope, field.type, sets, nodes, `${parent.name}.${name}`),
    isNonNull: isNonNullType(field.type),
    isLeaf: isLeafType(isNonNullType(field.type) ? field.type.ofType : field.type),
  };
}

/** As graphql-js does it where a field has no resolver. */
const readProperty = (name: string) => (source: unknown, args: unknown, context: unknown): unknown => {
  if (typeof source !== 'object' || source === null) return undefined;
  const value = (source as Record<string, unknown>)[name];
  return typeof value === 'function' ? (source as Record<string, (args: unknown, context: unknown) => unknown>)[name]!(args, context) : value;
};

/** Arguments that do not coerce fail when the field is executed, with its place: graphql-js says it best. */
function constantArguments(field: Parameters<typeof getArgumentValues>[0], node: FieldNode): object {
  try {
    return Object.freeze(getArgumentValues(field, node));
  } catch {
    return notCovered();
  }
}

function completer(scope: Scope, type: GraphQLOutputType, sets: readonly SelectionSetNode[], nodes: readonly FieldNode[], place: string): Complete {
  if (isNonNullType(type)) {
    const inner = completer(scope, type.ofType, sets, nodes, place);
    const present = (value: unknown): unknown => {
      if (value === null) throw new Error(`Cannot return null for non-nullable field ${place}.`);
      return value;
    };
    return (value, run, path) => {
      const completed = inner(value, run, path);
      return isPromise(completed) ? completed.then(present) : present(completed);
    };
  }
  if (isListType(type)) return completeList(completer(scope, type.ofType, sets, nodes, place), isNonNullType(type.ofType), nodes, place);
  if (isLeafType(type)) return completeLeaf(type);
  if (!isObjectType(type) || type.isTypeOf) return notCovered();
  const fields = fieldPlans(scope, type, sets);
  return (value, run, path) => {
    if (value instanceof Error) throw value;
    return value === null || value === undefined ? null : executeFields(fields, value, run, path);
  };
}

/** Most leaves are what they shall become already. */
const plainTypes = new Map<GraphQLLeafType, string>([[GraphQLString, 'string'], [GraphQLID, 'string'], [GraphQLBoolean, 'boolean']]);

const completeLeaf = (type: GraphQLLeafType, plain = plainTypes.get(type)): Complete => (value) => {
  if (typeof value === plain) return value;
  if (value === null || value === undefined) return null;
  if (value instanceof Error) throw value;
  const coerced: unknown = type.coerceOutputValue(value);
  if (coerced === null || coerced === undefined) throw new Error(`Expected \`${type.name}.coerceOutputValue(${inspect(value)})\` to return non-nullable value, returned: ${inspect(coerced)}`);
  return coerced;
};

function completeList(complete: Complete, isNonNull: boolean, nodes: readonly FieldNode[], place: string): Complete {
  return (value, run, path) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    if (!Array.isArray(value)) throw new Error(`Expected Iterable, but did not find one for field "${place}".`);
    const results: unknown[] = [];
    let hasPromise = false;
    try {
      for (let index = 0; index < value.length; index += 1) {
        const itemPath = { prev: path, key: index };
        const result = completeItem(complete, value[index], isNonNull, nodes, run, itemPath);
        hasPromise ||= isPromise(result);
        results.push(result);
      }
    } catch (error) {
      if (hasPromise) void Promise.allSettled(results);
      throw error;
    }
    return hasPromise ? Promise.all(results) : results;
  };
}

function completeItem(complete: Complete, item: unknown, isNonNull: boolean, nodes: readonly FieldNode[], run: Run, path: Path): unknown {
  try {
    const completed = isPromise(item) ? item.then((value) => complete(value, run, path)) : complete(item, run, path);
    return isPromise(completed) ? completed.then(undefined, (error: unknown) => failed(error, isNonNull, nodes, run, path)) : completed;
  } catch (error) {
    return failed(error, isNonNull, nodes, run, path);
  }
}

function executeFields(fields: readonly FieldPlan[], source: unknown, run: Run, path: Path): unknown {
  const answer: Record<string, unknown> = {};
  let waiting: Promise<void>[] | null = null;
  try {
    for (const field of fields) {
      const value = executeField(field, source, run, path);
      // Also a promise: its place is among its siblings, in the order of the document.
      answer[field.key] = value;
      if (isPromise(value)) (waiting ??= []).push(value.then((settled) => { answer[field.key] = settled; }));
    }
  } catch (error) {
    if (waiting) void Promise.allSettled(waiting);
    throw error;
  }
  return waiting ? Promise.all(waiting).then(() => answer) : answer;
}

function executeField(field: FieldPlan, source: unknown, run: Run, parent: Path): unknown {
  const path = field.isLeaf ? undefined : { prev: parent, key: field.key };
  try {
    const value = field.resolve(source, field.constantArgs ?? field.args(run), run.context);
    const completed = isPromise(value) ? value.then((settled) => field.complete(settled, run, path)) : field.complete(value, run, path);
    return isPromise(completed) ? completed.then(undefined, (error: unknown) => fieldFailed(field, error, run, parent)) : completed;
  } catch (error) {
    return fieldFailed(field, error, run, parent);
  }
}

const fieldFailed = (field: FieldPlan, error: unknown, run: Run, parent: Path): null =>
  failed(error, field.isNonNull, field.nodes, run, { prev: parent, key: field.key });

/** A nullable place takes the error and becomes null; any other hands it up. */
function failed(raw: unknown, isNonNull: boolean, nodes: readonly FieldNode[], run: Run, path: Path): null {
  const error: GraphQLError = locatedError(raw, nodes, run.pathOf(path));
  if (isNonNull) throw error;
  run.collect(error, path);
  return null;
}
