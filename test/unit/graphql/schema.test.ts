import { type GraphQLObjectType, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType } from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../kernel/errors.ts';
import { errorClasses } from '../../../gateway/graphql/error-types.ts';
import { renderGraphqlPage } from '../../../gateway/graphql/graphql-page.ts';
import { printedSchema, schema } from '../../../gateway/graphql/schema.ts';
import { renderMetricsPage } from '../../../gateway/http/metrics-page.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const types = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__'));

describe('the schema', () => {
  it('is the reviewed snapshot: node gateway/graphql/print-schema.ts writes it', () => {
    expect(printedSchema()).toBe(read('gateway/graphql/schema.graphql'));
  });

  it('has its reference page in step', () => {
    expect(renderGraphqlPage()).toBe(read('docs/reference/graphql.md'));
    expect(renderMetricsPage()).toBe(read('docs/reference/metrics.md'));
  });

  it('answers each mutation with a union of its payload and errors, from one input', () => {
    for (const field of Object.values(schema.getMutationType()!.getFields())) {
      const title = `${field.name[0]!.toUpperCase()}${field.name.slice(1)}`;
      expect(field.args.map((argument) => `${argument.name}: ${String(argument.type)}`)).toEqual([`input: ${title}Input!`]);
      expect(String(field.type)).toBe(`${title}Result!`);
      const union = schema.getType(`${title}Result`);
      const members = isUnionType(union) ? union.getTypes().map((type) => type.name) : [];
      const errors = members.filter((name) => name !== `${title}Payload`);
      expect(errors.length).toBe(members.length - 1);
      expect(errors.every((name) => name.endsWith('Error') && schema.isSubType(schema.getType('Error') as never, schema.getType(name) as never))).toBe(true);
    }
  });

  it('has an error type for each that the catalogue names, but for quotas, which nothing has yet', () => {
    const named = new Set(Object.values(catalogue).flatMap(({ type }) => type ?? []));
    named.delete('QuotaExceededError');
    expect([...named].sort()).toEqual(Object.keys(errorClasses).sort());
  });

  it('says what its objects, root fields and connections are', () => {
    const silent = types.filter((type) => (isObjectType(type) || isInterfaceType(type)) && !type.description && !/(Payload|Count)$/.test(type.name)).map((type) => type.name);
    expect(silent).toEqual([]);
  });

  it('marks what costs a list: every connection is asked for with first and after', () => {
    const unlimited = types.flatMap((type) => (isObjectType(type) ? Object.values((type as GraphQLObjectType).getFields()) : []).filter((field) => /Connection!?$/.test(String(field.type)))
      .filter((field) => !(field.extensions['cost'] as { connection?: boolean } | undefined)?.connection || !['first', 'after'].every((name) => field.args.some((argument) => argument.name === name)))
      .map((field) => `${type.name}.${field.name}`));
    expect(unlimited).toEqual([]);
  });

  it('has no type that nothing leads to', () => {
    expect(types.filter((type) => isEnumType(type) || isInputObjectType(type)).every((type) => read('gateway/graphql/schema.graphql').split(type.name).length > 2)).toBe(true);
  });
});
