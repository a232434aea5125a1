/**
 * Plugins' additions to the schema (`GraphqlAdditions` of the SPI). A plugin brings names and shapes; who may ask, what
 * it costs, where it is executed and how errors are told is decided here, the same for all of them. What does not fit
 * is refused as a whole, and the schema stays as it was.
 */
import { extendSchema, getNullableType, isListType, type GraphQLObjectType, type GraphQLSchema, isObjectType, parse, validateSchema } from 'graphql';
import { CofferError } from '../../kernel/errors.ts';
import { additionProblems, answeredFields, capitalised, namespaceOf } from '../../strategies/graphql-additions.ts';
import type { ActionSpec, Manifest } from '../../strategies/spi/manifest.ts';
import type { EngineActed } from '../domain/api.ts';
import type { InstanceDoc } from '../domain/instance/document.ts';
import type { FieldCost } from './connection.ts';
import type { GraphqlContext } from './context.ts';
import { defaultListSize } from './limits.ts';
import { type ApiErrorName, faultToApiError, toErrorAnswer } from './error-types.ts';

export type Addition = Pick<Manifest, 'id' | 'title' | 'graphql'>;
export interface Extended { schema: GraphQLSchema; /** by the plugin's id: why its additions are refused */ refused: Map<string, string> }

/** A call to the agent and some work of the engine, as for lists of databases. */
const readCost: FieldCost = { own: 100 };
const actionCost: FieldCost = { own: 50 };
const errors: readonly ApiErrorName[] = ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError'];

export function extendWithAdditions(core: GraphQLSchema, additions: readonly Addition[]): Extended {
  let schema = core;
  const refused = new Map<string, string>();
  for (const addition of additions) {
    if (addition.graphql === undefined) continue;
    const outcome = extendWith(schema, addition);
    if (typeof outcome === 'string') refused.set(addition.id, outcome);
    else schema = outcome;
  }
  return { schema, refused };
}

/** The schema with it, or why not. */
function extendWith(schema: GraphQLSchema, addition: Addition): GraphQLSchema | string {
  try {
    const problems = additionProblems(addition);
    if (problems.length > 0) return problems.join('; ');
    const extended = extendSchema(schema, parse(documentOf(addition)));
    const invalid = validateSchema(extended);
    if (invalid.length > 0) return invalid.map(({ message }) => `manifest.graphql.sdl: ${message}`).join('; ');
    giveResolvers(extended, addition);
    return extended;
  } catch (error) {
    return `manifest.graphql does not fit the schema: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const text = (words: string): string => JSON.stringify(words);
const actionsOf = ({ graphql }: Addition): [string, ActionSpec][] => Object.entries(graphql?.actions ?? {});
const mutationOf = ({ id }: Addition, action: string): string => `${namespaceOf(id).field}${capitalised(action)}`;

function documentOf(addition: Addition): string {
  const { id, title, graphql } = addition;
  const { type, field } = namespaceOf(id);
  return [
    graphql!.sdl,
    ...(answeredFields(addition).length > 0 ? [`extend type Instance {
      ${text(`What ${title} alone has; null for an instance of another datastore.`)}
      ${field}: ${type}
    }`] : []),
    ...actionsOf(addition).map(([action, spec]) => {
      const mutation = mutationOf(addition, action);
      const name = capitalised(mutation);
      return `
        input ${name}Input { instanceId: ID! ${spec.arguments === undefined ? '' : `arguments: ${spec.arguments}!`} idempotencyKey: String }
        type ${name}Payload {
          instance: Instance!
          "Still RUNNING when the engine is slow: then the outcome is not final."
          operation: Operation!
          "Null: done, or still being done when the operation is still running."
          error: Error
        }
        union ${name}Result = ${[`${name}Payload`, ...errors].join(' | ')}
        extend type Mutation { ${text(spec.description)} ${mutation}(input: ${name}Input!): ${name}Result! }`;
    }),
  ].join('\n');
}

function giveResolvers(schema: GraphQLSchema, addition: Addition): void {
  const { id: datastore } = addition;
  const { type, field } = namespaceOf(datastore);
  const fields = answeredFields(addition);
  if (fields.length > 0) {
    objectOf(schema, 'Instance').getFields()[field]!.resolve = (instance: InstanceDoc, _args: unknown, ctx: GraphqlContext) =>
      (ctx.domain.catalogue.instanceVersion(instance.versionId)?.datastore === datastore ? instance : null);
    for (const name of fields) {
      const asked = objectOf(schema, type).getFields()[name]!;
      asked.extensions = { ...asked.extensions, cost: readCost };
      asked.resolve = async (instance: InstanceDoc, args: object, ctx: GraphqlContext) => {
        const answer = await ctx.domain.engine.readPluginField(ctx.caller, { instanceId: instance.id, datastore, field: name, args });
        const longest = longestList(answer);
        if (longest > ctx.limits.maxListSize) throw new CofferError('PLUGIN.FAILED', `the answer for ${name} has a list of ${longest}; ${ctx.limits.maxListSize} are allowed`);
        return answer;
      };
    }
    reckonLists(schema, type);
  }
  for (const [action] of actionsOf(addition)) {
    const mutation = mutationOf(addition, action);
    const payload = objectOf(schema, `${capitalised(mutation)}Payload`);
    payload.isTypeOf = (value: unknown) => typeof value === 'object' && value !== null && 'operation' in value;
    payload.getFields()['error']!.resolve = ({ results }: EngineActed) => (results[0]?.fault ? faultToApiError(results[0].fault) : null);
    const asked = objectOf(schema, 'Mutation').getFields()[mutation]!;
    asked.extensions = { ...asked.extensions, cost: actionCost };
    asked.resolve = async (_root: unknown, { input }: { input: { instanceId: string; arguments?: object; idempotencyKey?: string | null } }, ctx: GraphqlContext) => {
      try {
        return await ctx.domain.engine.runPluginAction(ctx.caller, { instanceId: input.instanceId, datastore, action, args: input.arguments ?? {}, idempotencyKey: input.idempotencyKey });
      } catch (error) {
        return toErrorAnswer(error, errors);
      }
    };
  }
}

/** A plugin's lists have no page size: each is reckoned as a usual page. One that is longer than any page is refused when it comes. */
function reckonLists(schema: GraphQLSchema, namespace: string): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !type.name.startsWith(namespace)) continue;
    for (const field of Object.values(type.getFields())) {
      if (isListType(getNullableType(field.type))) field.extensions = { ...field.extensions, cost: { ...(field.extensions['cost'] as FieldCost | undefined), items: defaultListSize } };
    }
  }
}

const longestList = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(Array.isArray(value) ? value.length : 0, ...Object.values(value).map(longestList));
};

function objectOf(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const found = schema.getType(name);
  if (!isObjectType(found)) throw new Error(`${name} is no object type`);
  return found;
}
