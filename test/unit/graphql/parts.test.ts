import { describe, expect, it } from 'vitest';
import { createBatch } from '../../../gateway/graphql/batch.ts';
import { pageOf } from '../../../gateway/graphql/connection.ts';
import { createDocuments } from '../../../gateway/graphql/documents.ts';
import { limitsWith } from '../../../gateway/graphql/limits.ts';
import { follow } from '../../../gateway/graphql/live/follow.ts';
import { schema } from '../../../gateway/graphql/schema.ts';
import { createFakeFeed } from '../../support/fake-domain.ts';

describe('a batch', () => {
  it('joins what is asked at one moment, each id once, and forgets it afterwards', async () => {
    const asked: string[][] = [];
    const batch = createBatch(async (ids) => { asked.push([...ids]); return ids.map((id) => (id === 'gone' ? null : `<${id}>`)); });
    expect(await Promise.all(['a', 'b', 'a', 'gone'].map((id) => batch.load(id)))).toEqual(['<a>', '<b>', '<a>', null]);
    expect(await batch.load('a')).toBe('<a>');
    expect(asked).toEqual([['a', 'b', 'gone'], ['a']]);
  });

  it('fails for all that asked, and works again', async () => {
    let fails = true;
    const batch = createBatch(async (ids) => { if (fails) throw new Error('away'); return [...ids]; });
    expect((await Promise.allSettled([batch.load('a'), batch.load('b')])).map((one) => one.status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await batch.load('a')).toBe('a');
  });
});

describe('a page of a list in memory', () => {
  const items = ['a', 'b', 'c', 'd', 'e'];
  const page = (given: { first?: number; after?: string }) => pageOf(items, given, (item) => item, 2);
  it('is walked through by its cursors', () => {
    const seen: string[] = [];
    for (let now = page({}); ; now = page({ after: now.edges.at(-1)!.cursor })) {
      seen.push(...now.edges.map((edge) => edge.node));
      expect(now.totalCount).toBe(5);
      expect(now.hasPreviousPage).toBe(seen.length > 2);
      if (!now.hasNextPage) break;
    }
    expect(seen).toEqual(items);
  });
  it('begins anew after a cursor it does not know', () => expect(page({ after: 'gone' }).edges[0]!.node).toBe('a'));
  it('may be empty', () => expect(page({ first: 0 })).toMatchObject({ edges: [], hasNextPage: true }));
});

describe('prepared documents', () => {
  it('are kept, but only so many and so long ones', () => {
    const documents = createDocuments(schema, limitsWith({ cachedDocuments: 2, cachedDocumentChars: 60 }));
    const [one, two, three] = ['{ viewer { actor } }', '{ viewer { role } }', '{ flavors { name } }'];
    const first = documents.prepare(one!);
    expect(documents.prepare(one!)).toBe(first);
    documents.prepare(two!);
    documents.prepare(one!);
    documents.prepare(three!);
    expect(documents.prepare(one!), 'used last, kept').toBe(first);
    const long = `${one!} #${'x'.repeat(60)}`;
    expect(documents.prepare(long)).not.toBe(documents.prepare(long));
  });
});

describe('following a feed', () => {
  const request = { projectId: null, snapshot: async () => 0 };
  it('ends at once when told to while it waits', async () => {
    const feed = createFakeFeed();
    const items = follow.feed(feed, request, () => ({ updates: [{}], ends: false }));
    await items.next();
    const waiting = items.next();
    await items.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await Promise.resolve();
    expect(feed.readers()).toBe(0);
  });

  it('lets the feed go when its last update was told', async () => {
    const feed = createFakeFeed();
    const items = follow.feed(feed, request, () => ({ updates: [{ n: 1 }, { n: 2 }], ends: true }));
    const seen: unknown[] = [];
    for await (const item of items) seen.push(item);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    expect(feed.readers()).toBe(0);
  });

  it('fails with what the feed failed with', async () => {
    const items = follow.feed(createFakeFeed(), { ...request, snapshot: () => Promise.reject(new Error('away')) }, () => ({ updates: [{}], ends: false }));
    await expect(items.next()).rejects.toThrow('away');
  });
});
