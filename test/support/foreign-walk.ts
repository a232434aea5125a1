/**
 * Every field that takes an id, found by walking the schema, and how to ask it about any thing. Written against HTTP
 * alone, so that the gateway behind it does not matter.
 */
import {
  getNamedType, getNullableType, type GraphQLArgument, type GraphQLField, type GraphQLInputField, type GraphQLNamedType, type GraphQLObjectType,
  isEnumType, isInputObjectType, isListType, isObjectType, isRequiredArgument, isRequiredInputField, isUnionType,
} from 'graphql';
import { schema } from '../../gateway/graphql/schema.ts';
import type { NodeType } from '../../kernel/ids.ts';
import { openStream } from './streams.ts';

export interface Gate {
  url: string;
  post(document: string, options: { variables: Record<string, unknown>; token: string }): Promise<{ status: number; body: unknown }>;
}

/** Which things an id of this name may mean; `version` is a name or an id. */
const meanings: Record<string, NodeType[]> = {
  id: ['Instance', 'Configuration', 'Operation', 'Project', 'ApiToken', 'DatastoreVersion'], ids: ['Instance', 'Configuration', 'Operation', 'Project', 'ApiToken', 'DatastoreVersion'], instanceId: ['Instance'], operationId: ['Operation'], projectId: ['Project'],
  tokenId: ['ApiToken'], subjectId: ['Instance', 'Configuration', 'Project'], subject: ['Instance', 'Configuration', 'Operation', 'Project'], configurationId: ['Configuration'], parentId: ['Operation'], datastoreVersionId: ['DatastoreVersion'], projects: ['Project'], flavorId: ['Flavor'],
  version: ['DatastoreVersion'],
};
type Input = GraphQLArgument | GraphQLInputField;
type Path = string[];

/** Paths to every ID among the arguments, and how to fill the rest so that the request is valid. */
function idPaths(inputs: readonly Input[], before: Path = []): Path[] {
  return inputs.flatMap((input) => {
    const type = getNamedType(input.type) as GraphQLNamedType;
    if (type.name === 'ID' || input.name === 'version') return [[...before, input.name]];
    return isInputObjectType(type) ? idPaths(Object.values(type.getFields()), [...before, input.name]) : [];
  });
}
/** Good ones, so that nothing but the id is wrong with the request. */
const words: Record<string, string> = { datastore: 'postgresql', flavor: 'small', version: '17' };
function sample(input: Input, path: Path, id: string): unknown {
  const inner = path[0] === input.name ? path.slice(1) : [];
  const isWanted = path[0] === input.name;
  const type = getNamedType(input.type) as GraphQLNamedType;
  const isList = isListType(getNullableType(input.type));
  const one = isWanted && inner.length === 0 ? id
    : isInputObjectType(type) ? objectOf(Object.values(type.getFields()), inner, id, type.isOneOf)
      : isEnumType(type) ? type.getValues()[0]!.name
        : { Int: 1, Float: 1, Boolean: true, ID: id, DateTime: '2030-01-01T00:00:00Z' }[type.name] ?? words[input.name] ?? 'sample';
  return isList ? [one] : one;
}
function objectOf(inputs: readonly Input[], path: Path, id: string, isOneOf = false): Record<string, unknown> {
  const isRequired = (input: Input): boolean => ('extensions' in input && isRequiredInputField(input as GraphQLInputField)) || isRequiredArgument(input as GraphQLArgument);
  return Object.fromEntries(inputs.filter((input) => path[0] === input.name || (!isOneOf && isRequired(input))).map((input) => [input.name, sample(input, path, id)]));
}

/** Everything a type says by itself. Lists and live fields are other fields' affair. */
function selectionOf(type: GraphQLNamedType, depth: number): string {
  if (isUnionType(type)) return `{ __typename ${type.getTypes().map((member) => `... on ${member.name} ${selectionOf(member, depth)}`).join(' ')} }`;
  if (!isObjectType(type)) return type.name === 'Node' || type.name === 'Error' ? '{ __typename }' : '';
  if (depth === 0) return '{ __typename }';
  const fields = Object.values(type.getFields()).filter((field) => field.args.length === 0).filter(({ type: inner }) => depth > 1 || !isObjectType(getNamedType(inner)));
  return `{ __typename ${fields.map((field) => `${aliased(type, field)} ${selectionOf(getNamedType(field.type) as GraphQLNamedType, depth - 1)}`).join(' ')} }`;
}
/** Fields of one name and two nullabilities cannot be selected side by side in a union. */
const aliased = (type: GraphQLNamedType, field: GraphQLField<unknown, unknown>): string => `${type.name}_${field.name}: ${field.name}`;

export interface Case { operation: 'query' | 'mutation' | 'subscription'; field: string; path: Path; type: NodeType; document: string; variables(id: string): Record<string, unknown> }
/** `depth` of what is asked of an answer. */
export const casesOf = (depth = 3): Case[] => (['query', 'mutation', 'subscription'] as const).flatMap((operation) => {
  const root = schema.getRootType(operation as never) as GraphQLObjectType;
  return Object.values(root.getFields()).flatMap((field) => idPaths(field.args).flatMap((path) => (meanings[path.at(-1)!] ?? []).map((type): Case => {
    const used = field.args.filter((argument) => argument.name === path[0] || isRequiredArgument(argument));
    const declared = used.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ');
    const given = used.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
    return {
      operation, field: field.name, path, type,
      document: `${operation} (${declared}) { ${field.name}(${given}) ${selectionOf(getNamedType(field.type) as GraphQLNamedType, depth)} }`,
      variables: (id) => Object.fromEntries(used.map((argument) => [argument.name, sample(argument, path, id)])),
    };
  })));
});

/** Where a stream begins moves with whatever happens besides. */
const cursors = /(?<=_cursor":")[^"]+/g;
const without = (answer: unknown, id: string): unknown => JSON.parse(JSON.stringify(answer).replaceAll(id, '<id>').replaceAll(cursors, '<cursor>'));

/** With the id itself taken out, so that answers about two ids can be compared. */
export async function answerTo(gate: Gate, one: Case, id: string, token: string): Promise<unknown> {
  if (one.operation !== 'subscription') {
    const { status, body } = await gate.post(one.document, { variables: one.variables(id), token });
    return { status, body: without(body, id) };
  }
  const stream = openStream('websocket', gate.url, token, one.document, one.variables(id));
  // Events have no first message: that nothing comes is the answer, and can only be waited for.
  const silence = one.field === 'events' ? [new Promise((resolve) => { setTimeout(resolve, 100, 'silence'); })] : [];
  const first = await Promise.race([stream.next(), ...silence]);
  stream.stop();
  return without(first, id);
}

/** Arguments of type ID that no test knows how to fill. */
export const unknownIds = (): string[] => (['query', 'mutation', 'subscription'] as const).flatMap((operation) => Object.values((schema.getRootType(operation as never) as GraphQLObjectType).getFields())
  .flatMap((field) => idPaths(field.args).filter((path) => !meanings[path.at(-1)!]).map((path) => `${field.name}: ${path.join('.')}`)));
