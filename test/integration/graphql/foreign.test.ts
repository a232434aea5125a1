/**
 * Every field that takes an id is found by walking the schema, and asked about a thing of another project: the answer
 * must be the one that a missing id gets. Written against HTTP alone, so that the gateway behind it does not matter.
 */
import {
  getNamedType, getNullableType, type GraphQLArgument, type GraphQLField, type GraphQLInputField, type GraphQLNamedType, type GraphQLObjectType,
  isEnumType, isInputObjectType, isListType, isObjectType, isRequiredArgument, isRequiredInputField, isUnionType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../../gateway/graphql/schema.ts';
import { newId, type NodeType } from '../../../kernel/ids.ts';
import { startApiServer } from '../../support/api-server.ts';
import { startTestPostgres } from '../../support/postgres.ts';
import { startStoreApi } from '../../support/store-api.ts';
import { openStream } from '../../support/streams.ts';

interface Gate {
  url: string;
  post(document: string, options: { variables: Record<string, unknown>; token: string }): Promise<{ status: number; body: unknown }>;
  /** of each role, in a project */
  tokens: Record<string, string>;
  /** things of another project */
  foreign: Partial<Record<NodeType, string>>;
  close(): Promise<void>;
}
/** The answers are asked for in full. */
const limits = { maxAliases: 10_000, maxCost: 1_000_000, maxTokens: 100_000 };
const roles = ['OWNER', 'EDITOR', 'VIEWER'] as const;

async function overMemory(): Promise<Gate> {
  const server = await startApiServer({ port: 21112, limits });
  const { fake } = server;
  const [own, other] = fake.projects;
  const instance = fake.addInstance('theirs', other);
  return {
    url: server.url, post: (document, options) => server.post(document, options), close: () => server.close(),
    tokens: Object.fromEntries(roles.map((role) => [role, fake.addToken(role.toLowerCase(), role, own!.id)])),
    foreign: { Instance: instance.id, Operation: fake.addOperation(instance, 'instance.start').id, Project: other!.id, ApiToken: fake.tokens.get(fake.addToken('theirs', 'OWNER', other!.id))!.id },
  };
}
async function overStore(): Promise<Gate> {
  const postgres = await startTestPostgres();
  const api = await startStoreApi(postgres, { port: 21115, limits });
  const other = await api.addProject('theirs');
  const [instance] = await api.addInstances(1, other);
  const tokens = await Promise.all(roles.map(async (role) => [role, (await api.addToken(role.toLowerCase(), role, api.projectId)).secret]));
  return {
    url: api.url, post: (document, options) => api.post(document, options), tokens: Object.fromEntries(tokens) as Record<string, string>,
    foreign: { Instance: instance!, Operation: await api.addOperation(instance!, other), Project: other, ApiToken: (await api.addToken('theirs', 'OWNER', other)).id },
    async close() { await api.close(); await postgres.stop(); },
  };
}

/** Which things an id of this name may mean. */
const meanings: Record<string, NodeType[]> = {
  id: ['Instance', 'Operation', 'Project', 'ApiToken'], ids: ['Instance', 'Operation', 'Project', 'ApiToken'], instanceId: ['Instance'], operationId: ['Operation'], projectId: ['Project'],
  tokenId: ['ApiToken'], subjectId: ['Instance', 'Project'], subject: ['Instance', 'Operation', 'Project'], parentId: ['Operation'],
};
type Input = GraphQLArgument | GraphQLInputField;
type Path = string[];

/** Paths to every ID among the arguments, and how to fill the rest so that the request is valid. */
function idPaths(inputs: readonly Input[], before: Path = []): Path[] {
  return inputs.flatMap((input) => {
    const type = getNamedType(input.type) as GraphQLNamedType;
    if (type.name === 'ID') return [[...before, input.name]];
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
function selectionOf(type: GraphQLNamedType, depth = 3): string {
  if (isUnionType(type)) return `{ __typename ${type.getTypes().map((member) => `... on ${member.name} ${selectionOf(member, depth)}`).join(' ')} }`;
  if (!isObjectType(type)) return type.name === 'Node' || type.name === 'Error' ? '{ __typename }' : '';
  if (depth === 0) return '{ __typename }';
  const fields = Object.values(type.getFields()).filter((field) => field.args.length === 0).filter(({ type: inner }) => depth > 1 || !isObjectType(getNamedType(inner)));
  return `{ __typename ${fields.map((field) => `${aliased(type, field)} ${selectionOf(getNamedType(field.type) as GraphQLNamedType, depth - 1)}`).join(' ')} }`;
}
/** Fields of one name and two nullabilities cannot be selected side by side in a union. */
const aliased = (type: GraphQLNamedType, field: GraphQLField<unknown, unknown>): string => `${type.name}_${field.name}: ${field.name}`;

interface Case { operation: 'query' | 'mutation' | 'subscription'; field: string; path: Path; type: NodeType; document: string; variables(id: string): Record<string, unknown> }
const cases: Case[] = (['query', 'mutation', 'subscription'] as const).flatMap((operation) => {
  const root = schema.getRootType(operation as never) as GraphQLObjectType;
  return Object.values(root.getFields()).flatMap((field) => idPaths(field.args).flatMap((path) => (meanings[path.at(-1)!] ?? []).map((type): Case => {
    const used = field.args.filter((argument) => argument.name === path[0] || isRequiredArgument(argument));
    const declared = used.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ');
    const given = used.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
    return {
      operation, field: field.name, path, type,
      document: `${operation} (${declared}) { ${field.name}(${given}) ${selectionOf(getNamedType(field.type) as GraphQLNamedType)} }`,
      variables: (id) => Object.fromEntries(used.map((argument) => [argument.name, sample(argument, path, id)])),
    };
  })));
});

const without = (answer: unknown, id: string): unknown => JSON.parse(JSON.stringify(answer).replaceAll(id, '<id>'));

async function answerTo(gate: Gate, one: Case, id: string, token: string): Promise<unknown> {
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

describe('fields that take an id', () => {
  it('are many, and all of them are walked', () => {
    const fields = new Set(cases.map(({ operation, field }) => `${operation}.${field}`));
    expect([...fields].sort()).toMatchSnapshot();
    const unknown = (['query', 'mutation', 'subscription'] as const).flatMap((operation) => Object.values((schema.getRootType(operation as never) as GraphQLObjectType).getFields())
      .flatMap((field) => idPaths(field.args).filter((path) => !meanings[path.at(-1)!]).map((path) => `${field.name}: ${path.join('.')}`)));
    expect(unknown, 'an argument of type ID whose meaning this test does not know').toEqual([]);
  });
});

describe.each([['a domain in memory', overMemory], ['the store', overStore]] as const)('an id of another project, over %s,', (_name, open) => {
  let gate: Gate;
  beforeAll(async () => { gate = await open(); });
  afterAll(() => gate.close());

  it.each(cases.map((one) => [`${one.operation} ${one.field}(${one.path.join('.')}: ${one.type})`, one] as const))('is answered as a missing one: %s', async (_case, one) => {
    for (const [role, token] of Object.entries(gate.tokens)) {
      const missing = await answerTo(gate, one, newId(one.type), token);
      expect(await answerTo(gate, one, gate.foreign[one.type] ?? newId(one.type), token), `as ${role}`).toEqual(missing);
      expect(JSON.stringify(missing), 'the request must be valid, or it proves nothing').not.toMatch(/REQUEST\.|INTERNAL/);
    }
  });
});
