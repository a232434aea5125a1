/** How things with a name are looked up. */
import { invalidInput } from '../../kernel/errors.ts';
import type { Lookup } from '../domain/api.ts';
import { builder } from './builder.ts';

const NameInput = builder.inputType('NameInput', {
  description: 'A name within a project.',
  fields: (t) => ({
    name: t.string({ required: true }),
    projectId: t.id({ description: 'The only one of the caller when left out.' }),
  }),
});

export const LookupInput = builder.inputType('LookupInput', {
  description: 'One of: an id, or a name within a project.',
  isOneOf: true,
  fields: (t) => ({ id: t.id(), name: t.field({ type: NameInput }) }),
});

/** GraphQL has seen to it that exactly one key is there. */
export function lookupOf(by: { id?: string | null; name?: { name: string; projectId?: string | null } | null }): Lookup {
  if (by.id) return { id: by.id };
  if (by.name) return { name: by.name };
  throw invalidInput([{ path: ['by'], message: 'give an id or a name' }]);
}
