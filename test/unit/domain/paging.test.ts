import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Page } from '../../../gateway/domain/api.ts';
import { encodeKey, maxPageSize, toConnection, windowOf } from '../../../gateway/domain/paging.ts';

interface Row { key: string; id: string }
const order = (a: Row, b: Row): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** What the SQL of a list does with a window: keyset, direction, limit + 1. */
function page(all: readonly Row[], asked: Page): ReturnType<typeof toConnection<Row>> {
  const window = windowOf(asked);
  const sorted = [...all].sort(window.backwards ? (a, b) => order(b, a) : order);
  const { from } = window;
  const after = from ? sorted.filter((row) => (window.backwards ? order(row, from) < 0 : order(row, from) > 0)) : sorted;
  return toConnection(after.slice(0, window.limit + 1), window, all.length, (row) => row);
}
const rows = fc.uniqueArray(fc.record({ key: fc.constantFrom('', 'a', 'b', 'ä"'), id: fc.string({ minLength: 1, maxLength: 4 }) }), { selector: (row) => `${row.key}\u0000${row.id}`, maxLength: 60 });

describe('paging', () => {
  it('forwards meets every row once, in order', () => {
    fc.assert(fc.property(rows, fc.integer({ min: 1, max: 7 }), (all, first) => {
      const met: Row[] = [];
      for (let after: string | undefined, more = true; more;) {
        const { edges, hasNextPage, hasPreviousPage, totalCount } = page(all, { first, after });
        expect(hasPreviousPage).toBe(after !== undefined);
        expect(totalCount).toBe(all.length);
        met.push(...edges.map((edge) => edge.node));
        after = edges.at(-1)?.cursor;
        more = hasNextPage;
      }
      expect(met).toEqual([...all].sort(order));
    }));
  });
  it('backwards meets every row once, each page in the order of the list', () => {
    fc.assert(fc.property(rows, fc.integer({ min: 1, max: 7 }), (all, last) => {
      const met: Row[] = [];
      for (let before: string | undefined, more = true; more;) {
        const { edges, hasPreviousPage } = page(all, { last, before });
        met.unshift(...edges.map((edge) => edge.node));
        before = edges[0]?.cursor;
        more = hasPreviousPage;
      }
      expect(met).toEqual([...all].sort(order));
    }));
  });
  it('of nothing is an empty page', () => expect(page([], { first: 0 })).toEqual({ totalCount: 0, edges: [], hasNextPage: false, hasPreviousPage: false }));
  it('gives 20 when no size is asked for', () => expect(windowOf({})).toEqual({ limit: 20, backwards: false, from: null }));
  it.each<[string, Page]>([
    ['first: must be', { first: -1 }], ['first: must be', { first: maxPageSize + 1 }], ['last: must be', { last: -1 }], ['first: give first or last', { first: 1, last: 1 }],
    ['after: is not a cursor', { first: 1, after: 'nonsense' }], ['before: is not a cursor', { last: 1, before: encodeKey('k', 'i').slice(2) }], ['after: is not a cursor', { after: Buffer.from('["a"]').toString('base64url') }],
  ])('%s …: %j is refused', (message, asked) => expect(() => windowOf(asked)).toThrow(message));
});
