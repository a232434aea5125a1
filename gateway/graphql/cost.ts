/**
 * What answering an operation takes, estimated before it runs: one for every field of the answer, more where a field
 * costs a statement or a call (`extensions.cost`), lists multiplied in. Introspection has a budget of its own, because
 * its lists are as long as the schema is.
 */
import {
  type DocumentNode, type FieldNode, getNamedType, getNullableType, GraphQLError, type GraphQLField, type GraphQLNamedType, type GraphQLSchema,
  isCompositeType, isInterfaceType, isListType, isObjectType, Kind, type OperationDefinitionNode, SchemaMetaFieldDef, type SelectionSetNode, TypeMetaFieldDef, type ValueNode,
} from 'graphql';
import type { FieldCost } from './connection.ts';
import { fragmentsOf, limitError } from './document-limits.ts';
import type { Limits } from './limits.ts';

interface Cost { data: number; introspection: number }
interface Variables { readonly [name: string]: unknown }
export interface Verdict { errors: readonly GraphQLError[]; /** another set of variables may get another verdict */ dependsOnVariables: boolean }

/** A list of objects without a length of its own: conditions, tags, steps. */
const usualItems = 5;
/** About the means of this schema; `types` is counted. */
const introspectionItems: Record<string, number> = { fields: 3, inputFields: 1, args: 0.5, enumValues: 1, interfaces: 0.5, possibleTypes: 1, directives: 8 };

const invalidSize = (node: FieldNode, argument: string, message: string): GraphQLError =>
  new GraphQLError(`${argument}: ${message}`, { nodes: [node], extensions: { code: 'INPUT.INVALID', issues: [{ path: [argument], message }] } });

export function judgeCost(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables, limits: Limits): Verdict {
  const fragments = fragmentsOf(document);
  const costs = new Map<string, Cost>();
  const errors: GraphQLError[] = [];
  let dependsOnVariables = false;

  function numberOf(value: ValueNode): number | null {
    if (value.kind === Kind.INT) return Number(value.value);
    if (value.kind !== Kind.VARIABLE) return null;
    dependsOnVariables = true;
    const given = variables[value.name.value];
    return typeof given === 'number' ? given : null;
  }
  function lengthOf(value: ValueNode): number {
    if (value.kind === Kind.LIST) return value.values.length;
    if (value.kind !== Kind.VARIABLE) return 1;
    dependsOnVariables = true;
    const given = variables[value.name.value];
    return Array.isArray(given) ? given.length : 1;
  }
  function checked(node: FieldNode, argument: string, size: number): number {
    if (size < 0 || size > limits.maxListSize) errors.push(invalidSize(node, argument, `must be 0 to ${limits.maxListSize}`));
    return size;
  }
  function pageSize(node: FieldNode): number {
    let size: number | null = null;
    for (const argument of node.arguments ?? []) {
      if (argument.name.value !== 'first' && argument.name.value !== 'last') continue;
      const given = numberOf(argument.value);
      if (given !== null) size = Math.max(size ?? 0, checked(node, argument.name.value, given));
    }
    return size ?? limits.defaultListSize;
  }
  function multiplierOf(node: FieldNode, field: GraphQLField<unknown, unknown>, parent: GraphQLNamedType, cost: FieldCost | undefined): number {
    if (cost?.connection) return pageSize(node);
    if (cost?.itemsOf !== undefined) {
      const argument = node.arguments?.find(({ name }) => name.value === cost.itemsOf);
      return argument ? checked(node, cost.itemsOf, lengthOf(argument.value)) : 0;
    }
    if (!isListType(getNullableType(field.type))) return 1;
    if (parent.name.startsWith('__')) return field.name === 'types' ? Object.keys(schema.getTypeMap()).length : (introspectionItems[field.name] ?? 1);
    // The size of a page was multiplied in at the field that answers the connection.
    if (field.name === 'edges' && parent.name.endsWith('Connection')) return 1;
    return cost?.items ?? (isCompositeType(getNamedType(field.type)) ? usualItems : 1);
  }
  function ofField(node: FieldNode, parent: GraphQLNamedType): Cost {
    const name = node.name.value;
    const isRoot = parent === schema.getQueryType();
    const field = isRoot && name === '__schema' ? SchemaMetaFieldDef : isRoot && name === '__type' ? TypeMetaFieldDef
      : isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    if (!field) return { data: 1, introspection: 0 }; // __typename
    const cost = field.extensions['cost'] as FieldCost | undefined;
    const own = cost?.own ?? 1;
    const times = multiplierOf(node, field, parent, cost);
    const inner = node.selectionSet ? ofSelection(node.selectionSet, getNamedType(field.type)) : { data: 0, introspection: 0 };
    const isIntrospection = getNamedType(field.type).name.startsWith('__') || parent.name.startsWith('__');
    return isIntrospection
      ? { data: 0, introspection: own + times * (inner.data + inner.introspection) }
      : { data: own + times * inner.data, introspection: times * inner.introspection };
  }
  function ofFragment(name: string): Cost {
    const known = costs.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    const type = fragment && schema.getType(fragment.typeCondition.name.value);
    const cost = fragment && type ? ofSelection(fragment.selectionSet, type) : { data: 0, introspection: 0 };
    costs.set(name, cost);
    return cost;
  }
  function ofSelection(set: SelectionSetNode, type: GraphQLNamedType): Cost {
    const sum: Cost = { data: 0, introspection: 0 };
    for (const selection of set.selections) {
      const condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
      const cost = selection.kind === Kind.FIELD ? ofField(selection, type)
        : selection.kind === Kind.FRAGMENT_SPREAD ? ofFragment(selection.name.value)
          : ofSelection(selection.selectionSet, (condition === undefined ? undefined : schema.getType(condition)) ?? type);
      sum.data += cost.data;
      sum.introspection += cost.introspection;
    }
    return sum;
  }

  const root = schema.getRootType(operation.operation);
  const { data, introspection } = root ? ofSelection(operation.selectionSet, root) : { data: 0, introspection: 0 };
  if (data > limits.maxCost) errors.push(limitError(`the operation costs about ${Math.round(data)} fields; ${limits.maxCost} are allowed: ask for shorter lists, or for less of each item`));
  if (introspection > limits.maxIntrospectionCost) errors.push(limitError(`the introspection costs about ${Math.round(introspection)} fields; ${limits.maxIntrospectionCost} are allowed`));
  return { errors: errors.slice(0, limits.maxErrors), dependsOnVariables };
}
