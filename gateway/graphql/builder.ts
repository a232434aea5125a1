import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import { GraphQLError, Kind, type ValueNode } from 'graphql';
import type { GraphqlContext } from './context.ts';

interface Text { Input: string; Output: string }

export const builder = new SchemaBuilder<{
  Context: GraphqlContext;
  DefaultFieldNullability: false;
  Scalars: { ID: Text; DateTime: Text; Cursor: Text; Secret: Text; JSON: { Input: unknown; Output: unknown } };
}>({
  plugins: [ErrorsPlugin],
  defaultFieldNullability: false,
  errors: {
    // Without it a query for only `__typename` or only error members would be sent an empty selection.
    directResult: true,
    defaultUnionOptions: { name: ({ fieldName }) => `${fieldName[0]!.toUpperCase()}${fieldName.slice(1)}Result` },
  },
});

builder.queryType({ description: 'Reading. What belongs to a project the token cannot see is answered like what does not exist.' });
builder.mutationType({ description: 'Changing. Each takes one `input` and answers a union: its payload, or a typed error, in which case nothing has happened.' });
builder.subscriptionType({ description: 'Watching. Each first gives the present, then every change in order, with a cursor to resume from on any gateway.' });

const asText = (name: string) => (value: unknown): string => {
  if (typeof value !== 'string') throw new GraphQLError(`${name} must be a string`);
  return value;
};

function asTime(value: unknown): string {
  const text = asText('DateTime')(value);
  const time = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new GraphQLError('DateTime must be as RFC 3339 says, for example "2026-01-31T12:00:00Z"');
  return new Date(time).toISOString();
}

function jsonLiteral(node: ValueNode, variables?: Record<string, unknown> | null): unknown {
  switch (node.kind) {
    case Kind.OBJECT: return Object.fromEntries(node.fields.map((field) => [field.name.value, jsonLiteral(field.value, variables)]));
    case Kind.LIST: return node.values.map((item) => jsonLiteral(item, variables));
    case Kind.INT: case Kind.FLOAT: return Number(node.value);
    case Kind.NULL: return null;
    case Kind.VARIABLE: return variables?.[node.name.value];
    default: return node.value;
  }
}

builder.scalarType('DateTime', { description: 'A time as RFC 3339 writes it, in UTC: `2026-01-31T12:00:00.000Z`.', serialize: String, parseValue: asTime });
builder.scalarType('JSON', { description: 'Any JSON value.', serialize: (value) => value, parseValue: (value) => value, parseLiteral: jsonLiteral });
builder.scalarType('Cursor', { description: 'An opaque position in the event log. It stays good across reconnects and on any gateway.', serialize: String, parseValue: asText('Cursor') });
builder.scalarType('Secret', { description: 'A string that is delivered once and never stored in clear, logged or put into an event.', serialize: String, parseValue: asText('Secret') });
