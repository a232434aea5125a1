/**
 * The shape of a document, judged before it is validated: validation itself is work. Fragments are followed wherever
 * they are used, whatever they are called, each measured once: the cost of judging grows with the document and not with
 * what it expands to. A fragment that reaches itself is left to validation, which refuses it.
 */
import { type DocumentNode, type FragmentDefinitionNode, GraphQLError, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import type { Limits } from './limits.ts';

interface Shape { depth: number; aliases: number; directives: number }
/** A way to the measure of a fragment; null while it is being measured, which is a circle, and when it does not exist. */
type Measured = (name: string) => Shape | null;

export const limitError = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'REQUEST.LIMIT_EXCEEDED' } });

function shapeOf(set: SelectionSetNode, measured: Measured): Shape {
  const shape: Shape = { depth: 0, aliases: 0, directives: 0 };
  for (const selection of set.selections) {
    const inner = selection.kind === Kind.FRAGMENT_SPREAD ? measured(selection.name.value)
      : selection.selectionSet ? shapeOf(selection.selectionSet, measured) : null;
    const isField = selection.kind === Kind.FIELD;
    shape.depth = Math.max(shape.depth, (inner?.depth ?? 0) + (isField ? 1 : 0));
    shape.aliases += (inner?.aliases ?? 0) + (isField && selection.alias ? 1 : 0);
    shape.directives += (inner?.directives ?? 0) + (selection.directives?.length ?? 0);
  }
  return shape;
}

function measureFragments(fragments: ReadonlyMap<string, FragmentDefinitionNode>): Measured {
  const shapes = new Map<string, Shape | null>();
  const measured: Measured = (name) => {
    const known = shapes.get(name);
    if (known !== undefined) return known;
    shapes.set(name, null);
    const fragment = fragments.get(name);
    const shape = fragment ? shapeOf(fragment.selectionSet, measured) : null;
    shapes.set(name, shape);
    return shape;
  };
  return measured;
}

/** Counted with fragments opened, each of them once: the executor merges repeats. */
function rootFieldsOf(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): number {
  const seen = new Set<string>();
  const count = (set: SelectionSetNode): number => set.selections.reduce((sum, selection) => {
    if (selection.kind === Kind.FIELD) return sum + 1;
    if (selection.kind === Kind.INLINE_FRAGMENT) return sum + count(selection.selectionSet);
    const fragment = seen.has(selection.name.value) ? undefined : fragments.get(selection.name.value);
    seen.add(selection.name.value);
    return sum + (fragment ? count(fragment.selectionSet) : 0);
  }, 0);
  return count(operation.selectionSet);
}

export const fragmentsOf = (document: DocumentNode): Map<string, FragmentDefinitionNode> =>
  new Map(document.definitions.flatMap((definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [])));

/** Why a document is refused for its shape; empty when it is not. */
export function shapeErrors(document: DocumentNode, limits: Limits): GraphQLError[] {
  const fragments = fragmentsOf(document);
  const measured = measureFragments(fragments);
  const total: Shape = { depth: 0, aliases: 0, directives: 0 };
  let rootFields = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    total.directives += definition.directives?.length ?? 0;
    // Also fragments nobody uses: validation would walk through them before it says so.
    const shape = definition.kind === Kind.OPERATION_DEFINITION ? shapeOf(definition.selectionSet, measured) : measured(definition.name.value);
    total.depth = Math.max(total.depth, shape?.depth ?? 0);
    total.aliases += shape?.aliases ?? 0;
    total.directives += shape?.directives ?? 0;
    if (definition.kind === Kind.OPERATION_DEFINITION) rootFields = Math.max(rootFields, rootFieldsOf(definition, fragments));
  }
  return [
    ...(total.depth > limits.maxDepth ? [limitError(`the document nests ${total.depth} levels; ${limits.maxDepth} are allowed`)] : []),
    ...(total.aliases > limits.maxAliases ? [limitError(`the document has ${total.aliases} aliases; ${limits.maxAliases} are allowed`)] : []),
    ...(total.directives > limits.maxDirectives ? [limitError(`the document has ${total.directives} directives; ${limits.maxDirectives} are allowed`)] : []),
    ...(rootFields > limits.maxRootFields ? [limitError(`the operation has ${rootFields} root fields; ${limits.maxRootFields} are allowed`)] : []),
  ];
}
