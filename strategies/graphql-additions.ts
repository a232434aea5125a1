/**
 * What is wrong with a manifest's additions to the API. Apart from the manifest's other rules, since agents know nothing
 * of GraphQL; the gateway asks it at boot, the kit in its static tier.
 */
import {
  type DefinitionNode, type FieldDefinitionNode, type InputValueDefinitionNode, Kind, parse, specifiedScalarTypes, type TypeNode,
} from 'graphql';
import type { GraphqlAdditions, Manifest } from './spi/manifest.ts';

/** The id in the forms of GraphQL: `my-engine` is the type `MyEngine` and the field `myEngine`. */
export function namespaceOf(id: string): { type: string; field: string } {
  const type = id.split('-').map(capitalised).join('');
  return { type, field: `${type[0]!.toLowerCase()}${type.slice(1)}` };
}
export const capitalised = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

/** Longer than any API that is meant to be read. */
const longestSdl = 64 * 1024;
const actionName = /^[a-z][A-Za-z0-9]{0,62}$/;
const scalars = new Set([...specifiedScalarTypes.map(({ name }) => name), 'DateTime']);

/** In words; empty when nothing is wrong. Whether a name is taken by somebody else only the whole schema tells. */
export function additionProblems({ id, graphql }: Pick<Manifest, 'id' | 'graphql'>): string[] {
  if (graphql === undefined) return [];
  if (typeof graphql !== 'object' || graphql === null || typeof graphql.sdl !== 'string') return ['manifest.graphql must have an sdl'];
  if (graphql.actions !== undefined && (typeof graphql.actions !== 'object' || graphql.actions === null || Array.isArray(graphql.actions))) return ['manifest.graphql.actions must be an object of actions'];
  if (graphql.sdl.length > longestSdl) return [`manifest.graphql.sdl must have at most ${longestSdl} characters`];
  let definitions: readonly DefinitionNode[];
  try {
    ({ definitions } = parse(graphql.sdl));
  } catch (error) {
    return [`manifest.graphql.sdl: ${error instanceof Error ? error.message : String(error)}`];
  }
  const { type: namespace } = namespaceOf(id);
  const problems = definitions.flatMap((definition) => definitionProblems(definition, namespace));
  return problems.length > 0 ? problems : [...referenceProblems(definitions, namespace), ...actionProblems(graphql, definitions)];
}

function definitionProblems(definition: DefinitionNode, namespace: string): string[] {
  const { kind } = definition;
  if (kind !== Kind.OBJECT_TYPE_DEFINITION && kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION && kind !== Kind.ENUM_TYPE_DEFINITION) {
    return ['manifest.graphql.sdl may hold types, inputs and enums, and nothing else'];
  }
  const name = definition.name.value;
  const where = `manifest.graphql.sdl: ${name}`;
  const problems: string[] = [];
  if (!name.startsWith(namespace)) problems.push(`${where} must begin with ${namespace}`);
  if (kind === Kind.OBJECT_TYPE_DEFINITION && (definition.interfaces ?? []).length > 0) problems.push(`${where} must not implement interfaces`);
  const members = kind === Kind.ENUM_TYPE_DEFINITION ? [] : (definition.fields ?? []);
  if ([definition, ...members].some(({ directives }) => (directives ?? []).some((directive) => directive.name.value !== 'deprecated'))) problems.push(`${where} may have no directive but @deprecated`);
  if (kind !== Kind.OBJECT_TYPE_DEFINITION) return problems;
  for (const field of definition.fields ?? []) {
    const isAnswered = name === namespace;
    if (isAnswered && field.type.kind === Kind.NON_NULL_TYPE) problems.push(`${where}.${field.name.value} must be nullable: an engine may be silent`);
    if (!isAnswered && (field.arguments ?? []).length > 0) problems.push(`${where}.${field.name.value} may have no arguments: only fields of ${namespace} are asked for`);
  }
  return problems;
}

/** Types of its own and the built-in scalars: what the core has may change its shape. */
function referenceProblems(definitions: readonly DefinitionNode[], namespace: string): string[] {
  const named = definitions.filter((definition) => 'name' in definition && definition.name !== undefined) as { name: { value: string } }[];
  const known = new Set([...named.map(({ name }) => name.value), ...scalars]);
  const members = definitions.flatMap((definition): readonly (FieldDefinitionNode | InputValueDefinitionNode)[] =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ? (definition.fields ?? []) : []);
  const references = members.flatMap((member) => [member.type, ...('arguments' in member ? (member.arguments ?? []).map(({ type }) => type) : [])]).map(nameOf);
  return [...new Set(references)].filter((name) => !known.has(name)).map((name) => `manifest.graphql.sdl: ${name} is not one of ${namespace}'s types, ${[...scalars].join(', ')}`);
}

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));

function actionProblems({ actions = {} }: GraphqlAdditions, definitions: readonly DefinitionNode[]): string[] {
  const inputs = new Set(definitions.flatMap((definition) => (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ? [definition.name.value] : [])));
  return Object.entries(actions).flatMap(([name, action]) => [
    ...(actionName.test(name) ? [] : [`manifest.graphql.actions: ${name} must begin with a small letter and have letters and digits only`]),
    ...(typeof action?.description === 'string' && action.description !== '' ? [] : [`manifest.graphql.actions.${name} must have a description`]),
    ...(action?.arguments === undefined || inputs.has(action.arguments) ? [] : [`manifest.graphql.actions.${name}: the sdl has no input ${String(action.arguments)}`]),
  ]);
}

/** Names of the fields that the guest half answers. */
export function answeredFields({ id, graphql }: Pick<Manifest, 'id' | 'graphql'>): string[] {
  if (!graphql) return [];
  const { type: namespace } = namespaceOf(id);
  return parse(graphql.sdl).definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION && definition.name.value === namespace ? (definition.fields ?? []).map(({ name }) => name.value) : []);
}
