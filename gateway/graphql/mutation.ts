/** A mutation in the house's form: `x(input: XInput!): XResult!`, a union of XPayload and the errors it can give. */
import type { FieldMap, InputFieldMap, InputShapeFromFields } from '@pothos/core';
import { builder } from './builder.ts';
import type { GraphqlContext } from './context.ts';
import { type ApiErrorName, errorClasses, toApiError } from './error-types.ts';

type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Found> ? Found : never;
type InputBuilder = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>;
export type PayloadBuilder<Payload> = PothosSchemaTypes.ObjectFieldBuilder<Types, Payload>;

export interface MutationDefinition<Payload, Input extends InputFieldMap> {
  description: string;
  /** exactly those it can give; anything else becomes a top-level error */
  errors: readonly ApiErrorName[];
  input(t: InputBuilder): Input;
  resolve(ctx: GraphqlContext, input: InputShapeFromFields<Input>): Promise<Payload>;
  payload(t: PayloadBuilder<Payload>): FieldMap;
}

export function defineMutation<Payload, Input extends InputFieldMap>(name: string, definition: MutationDefinition<Payload, Input>): void {
  const title = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const InputRef = builder.inputType(`${title}Input`, { fields: (t) => definition.input(t) });
  const PayloadRef = builder.objectRef<Payload & object>(`${title}Payload`).implement({
    fields: (t) => definition.payload(t as unknown as PayloadBuilder<Payload>),
  });
  builder.mutationField(name, (t) => t.field({
    type: PayloadRef,
    description: definition.description,
    args: { input: t.arg({ type: InputRef, required: true }) },
    errors: { types: definition.errors.map((error) => errorClasses[error]) },
    extensions: { cost: { own: 50 } },
    resolve: async (_root: unknown, args: { input: unknown }, ctx: GraphqlContext) => {
      try {
        return await definition.resolve(ctx, args.input as InputShapeFromFields<Input>);
      } catch (error) {
        throw toApiError(error);
      }
    },
  } as never));
}
