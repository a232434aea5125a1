/** The reference page of the API: `node gateway/graphql/graphql-page.ts` writes it, a check keeps it in step. */
import { type GraphQLField, type GraphQLInputField, type GraphQLNamedType, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isScalarType, isSpecifiedScalarType, isUnionType } from 'graphql';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { schema } from './schema.ts';

const cell = (text: string | null | undefined): string => (text ?? '').replaceAll('\n', ' ').replaceAll('|', '\\|');
const table = (head: string[], rows: string[][]): string[] => [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`), ''];
const byName = <T extends { name: string }>(things: readonly T[]): T[] => [...things].sort((a, b) => a.name.localeCompare(b.name, 'en'));
const code = (text: unknown): string => `\`${String(text)}\``;

const signature = (field: GraphQLField<unknown, unknown>): string => `${field.name}${field.args.length > 0 ? `(${field.args.map((argument) => `${argument.name}: ${String(argument.type)}`).join(', ')})` : ''}: ${String(field.type)}`;
const fieldRows = (fields: readonly GraphQLField<unknown, unknown>[]): string[][] => fields.map((field) => [code(signature(field)), field.description ?? '']);
const inputRows = (fields: readonly GraphQLInputField[]): string[][] => fields.map((field) => [code(`${field.name}: ${String(field.type)}`), field.description ?? '']);

function section(type: GraphQLNamedType): string[] {
  const head = [`### ${type.name}`, '', ...(type.description ? [type.description, ''] : [])];
  if (isObjectType(type) || isInterfaceType(type)) {
    const interfaces = type.getInterfaces().map((one) => one.name);
    return [...head, ...(interfaces.length > 0 ? [`Implements ${interfaces.map(code).join(', ')}.`, ''] : []), ...table(['Field', ''], fieldRows(Object.values(type.getFields())))];
  }
  if (isInputObjectType(type)) return [...head, ...table(['Field', ''], inputRows(Object.values(type.getFields())))];
  if (isEnumType(type)) return [...head, ...table(['Value', ''], type.getValues().map((value) => [code(value.name), value.description ?? '']))];
  return isUnionType(type) ? [...head, `One of ${type.getTypes().map(code).join(', ')}.`, ''] : head;
}

export function renderGraphqlPage(): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter((root) => root !== null && root !== undefined);
  const types = byName(Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !roots.includes(type as never)));
  const group = (title: string, is: (type: GraphQLNamedType) => boolean): string[] => [`## ${title}`, '', ...types.filter(is).flatMap(section)];
  return [
    '# GraphQL', '',
    'Served at `/graphql`: POST and GET, WebSocket (`graphql-transport-ws`), server-sent events (`graphql-sse`, distinct connections). Every request carries',
    '`Authorization: Bearer <token>`; a WebSocket may carry it as `authorization` in its connection parameters. A browser that opens `/graphql` gets GraphiQL.', '',
    ...roots.flatMap((root) => [`## ${root.name}`, '', ...(root.description ? [root.description, ''] : []), ...table(['Field', ''], fieldRows(byName(Object.values(root.getFields()))))]),
    ...group('Objects', isObjectType), ...group('Interfaces', isInterfaceType), ...group('Unions', isUnionType), ...group('Inputs', isInputObjectType), ...group('Enums', isEnumType), ...group('Scalars', isScalarType),
    '<!-- Made from the schema by `node gateway/graphql/graphql-page.ts`. -->', '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../../docs/reference/graphql.md'), renderGraphqlPage());
