/** Whether a handler's answer has the shape that the plugin's SDL promises: GraphQL itself is asked. */
import { buildASTSchema, executeSync, getNamedType, type GraphQLObjectType, isObjectType, Kind, parse, visit } from 'graphql';
import { namespaceOf } from '../graphql-additions.ts';
import type { Manifest } from '../spi/manifest.ts';

/** An object that holds its own kind is asked for so deep. */
const deepest = 6;

export function answerProblems({ id, graphql }: Pick<Manifest, 'id' | 'graphql'>, field: string, answer: unknown): string[] {
  const { type: namespace } = namespaceOf(id);
  // Arguments have been given already: here only the answer counts.
  const document = visit(parse(`${graphql?.sdl ?? ''}\nscalar DateTime\ntype Query { answered: ${namespace} }`), {
    [Kind.FIELD_DEFINITION]: (definition) => ({ ...definition, arguments: [] }),
  });
  const schema = buildASTSchema(document);
  const asked = (schema.getType(namespace) as GraphQLObjectType).getFields()[field]!;
  const type = getNamedType(asked.type);
  const { errors } = executeSync({
    schema, document: parse(`{ answered { ${field} ${isObjectType(type) ? selectionOf(type, 1) : ''} } }`), rootValue: { answered: { [field]: answer } },
  });
  return (errors ?? []).map(({ message, path }) => `${(path ?? []).slice(1).join('.')}: ${message}`);
}

function selectionOf(type: GraphQLObjectType, depth: number): string {
  const parts = Object.values(type.getFields()).map((one) => {
    const inner = getNamedType(one.type);
    if (!isObjectType(inner)) return one.name;
    return depth < deepest ? `${one.name} ${selectionOf(inner, depth + 1)}` : '';
  });
  return `{ __typename ${parts.join(' ')} }`;
}
