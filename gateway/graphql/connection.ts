/** Relay connections, spelled out once. Lists that are in memory or come whole from an engine are cut here. */
import type { ObjectRef } from '@pothos/core';
import { invalidInput } from '../../kernel/errors.ts';
import type { Connection, Page } from '../domain/api.ts';
import { builder } from './builder.ts';

const PageInfoRef = builder.objectRef<Connection<unknown>>('PageInfo').implement({
  description: 'Where a page lies in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage'),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
    startCursor: t.string({ nullable: true, resolve: (page) => page.edges[0]?.cursor ?? null }),
    endCursor: t.string({ nullable: true, resolve: (page) => page.edges.at(-1)?.cursor ?? null }),
  }),
});

type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Found> ? Found : never;
type Ref<T> = ObjectRef<Types, T, T>;

/** `XConnection` and `XEdge` for the type X. */
export function defineConnection<T>(name: string, node: Ref<T>, plural: string): Ref<Connection<T>> {
  const EdgeRef = builder.objectRef<Connection<T>['edges'][number]>(`${name}Edge`).implement({
    description: `One of the ${plural} in its place in the list.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'Give it as `after` (or `before`) to go on from here.' }),
      node: t.field({ type: node, resolve: (edge) => edge.node as never }),
    }),
  });
  return builder.objectRef<Connection<T>>(`${name}Connection`).implement({
    description: `A page of ${plural}.`,
    fields: (t) => ({
      totalCount: t.exposeInt('totalCount', { description: 'How many there are on all pages.' }),
      pageInfo: t.field({ type: PageInfoRef, resolve: (page) => page }),
      edges: t.field({ type: [EdgeRef], resolve: (page) => page.edges }),
    }),
  });
}

export const forwardArgs = builder.args((t) => ({
  first: t.int({ description: 'How many, at most 100; 20 when left out.' }),
  after: t.string({ description: 'The cursor after which to begin.' }),
}));
export const pageArgs = builder.args((t) => ({
  first: t.int({ description: 'How many from the beginning, at most 100; 20 when neither `first` nor `last` is given.' }),
  after: t.string({ description: 'The cursor after which to begin.' }),
  last: t.int({ description: 'How many from the end, at most 100. Not together with `first`.' }),
  before: t.string({ description: 'The cursor before which to end.' }),
}));

/** Marks a field as a list of `first` or `last` items for the cost of a document; `own` is what reaching it costs. */
export const connectionCost = (own = 1): { extensions: { cost: FieldCost } } => ({ extensions: { cost: { own, connection: true } } });
export interface FieldCost {
  /** in fields; 1 when not given */
  own?: number;
  connection?: boolean;
  /** a plain list: how long to take it to be */
  items?: number;
  /** an argument that is a list: as many items as it has */
  itemsOf?: string;
}

const encode = (key: string): string => Buffer.from(key).toString('base64url');

/** A page of a list that is whole in memory. `keyOf` is unique; a key that has gone begins the list anew. */
export function pageOf<T>(items: readonly T[], page: Page, keyOf: (item: T) => string, defaultSize: number): Connection<T> {
  const size = page.first ?? defaultSize;
  if (size < 0) throw invalidInput([{ path: ['first'], message: 'must be 0 or more' }]);
  const start = page.after ? items.findIndex((item) => encode(keyOf(item)) === page.after) + 1 : 0;
  const cut = items.slice(start, start + size);
  return {
    totalCount: items.length,
    edges: cut.map((node) => ({ cursor: encode(keyOf(node)), node })),
    hasNextPage: start + size < items.length,
    hasPreviousPage: start > 0,
  };
}
