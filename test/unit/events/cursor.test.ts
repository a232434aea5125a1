import { describe, expect, it } from 'vitest';
import { comparePositions, decodeCursor, encodeCursor, isVisibleIn, parseSnapshot } from '../../../gateway/events/cursor.ts';
import { toEntry, withCursor, type Entry } from '../../../gateway/events/event-row.ts';
import { createBuffer } from '../../../gateway/events/buffer.ts';
import { isInstanceEvent, isOperationEvent } from '../../../gateway/events/doc-kind.ts';
import { createLimiter } from '../../../gateway/events/limiter.ts';
import { createRecent } from '../../../gateway/events/recent.ts';
import { createRoutes } from '../../../gateway/events/routes.ts';

const entry = (xid: number, id: number, subject = 's', project: string | null = 'p'): Entry => toEntry({
  xid: String(xid), id: String(id), at: '2026-01-01T00:00:00.000Z', type: 't', phase: 'INFO', actor: 'a', client_address: null, request_id: null, subject, project_id: project,
  operation_id: null, data: '{"n":1}', doc: '{"id":"s"}', age_ms: 1 }, 3);

describe('a cursor', () => {
  it('comes back as it went', () => {
    const snapshot = parseSnapshot('100:120:100,110:9');
    expect(decodeCursor(encodeCursor(3, { xid: 105, id: 7 }, snapshot))).toEqual({ generation: 3, position: { xid: 105, id: 7 }, snapshot });
    expect(decodeCursor(encodeCursor(3, { xid: 105, id: 7 }))).toEqual({ generation: 3, position: { xid: 105, id: 7 }, snapshot: null });
  });

  it('drops its snapshot once nothing behind it can be visible in it', () => {
    expect(encodeCursor(1, { xid: 120, id: 1 }, parseSnapshot('100:120:100:9'))).toBe('1.120.1');
    expect(encodeCursor(1, { xid: 119, id: 1 }, parseSnapshot('100:120:100:9'))).toContain('~100:120:100:9');
  });

  it('of somebody else is not taken for one', () => {
    for (const text of ['', 'x', '1.2', '1.2.3.4', '-1.2.3', '1.2.3~', '1.2.3~4:5', '1.2.3~4:5:4', `1.2.3~1:2:${'9,'.repeat(9_000)}:1`, '99999999999.1.1']) expect(decodeCursor(text)).toBeNull();
  });

  it('a snapshot shows what had committed and nothing else', () => {
    const snapshot = parseSnapshot('100:120:100,110:9');
    expect([99, 100, 105, 110, 119, 120].map((xid) => isVisibleIn(snapshot, { xid, id: 9 }))).toEqual([true, false, true, false, true, false]);
    // Of a transaction that got its id after a crash of the store.
    expect(isVisibleIn(snapshot, { xid: 105, id: 10 })).toBe(false);
    expect(comparePositions({ xid: 1, id: 9 }, { xid: 2, id: 1 })).toBeLessThan(0);
  });
});

describe('an event', () => {
  it('parses its document once, also under another cursor', () => {
    const { event } = entry(5, 6);
    const other = withCursor(event, 'else');
    expect(other).toMatchObject({ cursor: 'else', id: 'ev_6', data: { n: 1 } });
    expect(other.doc).toBe(event.doc);
    expect(event.cursor).toBe('3.5.6');
  });

  it('tells by its type what its document is', () => {
    const told = (type: string, phase: string, operationId: string | null) => [isOperationEvent({ type, phase, operationId }), isInstanceEvent({ type, phase, operationId })];
    expect(told('instance.create', 'START', 'op')).toEqual([true, false]);
    expect(told('operation.updated', 'PROGRESS', 'op')).toEqual([true, false]);
    expect(told('instance.updated', 'INFO', 'op')).toEqual([false, true]);
    expect(told('operation.cancel', 'START', 'op')).toEqual([false, false]);
  });
});

describe('memory of the latest events', () => {
  it('knows exactly what it still has', () => {
    const recent = createRecent({ xid: 10, id: 0 }, { maxEntries: 3, maxBytes: 1e6 });
    recent.add([entry(11, 1), entry(12, 2), entry(13, 3)]);
    expect(recent.after({ xid: 9, id: 5 })).toBeNull();
    expect(recent.after({ xid: 10, id: 0 })).toHaveLength(3);
    recent.add([entry(14, 4), entry(15, 5)]);
    expect(recent.after({ xid: 12, id: 1 })).toBeNull();
    expect(recent.after({ xid: 12, id: 2 })!.map((e) => e.position.id)).toEqual([3, 4, 5]);
    expect(recent.after({ xid: 99, id: 0 })).toEqual([]);
    for (let i = 6; i < 50; i++) recent.add([entry(10 + i, i)]);
    expect(recent.size()).toBe(3);
    expect(recent.after({ xid: 57, id: 47 })!.map((e) => e.position.id)).toEqual([48, 49]);
  });

  it('is bounded in bytes as well', () => {
    const recent = createRecent({ xid: 0, id: 0 }, { maxEntries: 1_000, maxBytes: 1_000 });
    recent.add(Array.from({ length: 50 }, (_, i) => entry(i + 1, i + 1)));
    expect(recent.size()).toBeLessThan(5);
  });
});

describe('routes', () => {
  it('lead an event to its subject, its project and those who want everything, never across projects', () => {
    const routes = createRoutes();
    const got: string[] = [];
    routes.attach({ subject: 's' }, () => got.push('subject'));
    routes.attach({ subject: 's', projectId: 'q' }, () => got.push('subject of another project'));
    routes.attach({ projectId: 'p' }, () => got.push('project'));
    const leave = routes.attach({}, () => got.push('all'));
    routes.deliver(entry(1, 1));
    expect(got).toEqual(['subject', 'project', 'all']);
    leave();
    routes.deliver(entry(1, 2, 'x', null));
    expect(got).toHaveLength(3);
  });
});

describe('bounds', () => {
  it('a full buffer ends its subscriber instead of growing', async () => {
    const buffer = createBuffer(2);
    buffer.push(entry(1, 1));
    buffer.push(entry(1, 2));
    expect(buffer.isOverflown()).toBe(false);
    buffer.push(entry(1, 3));
    expect(buffer.isOverflown()).toBe(true);
    expect(await buffer.take()).toBeNull();
  });

  it('a limiter lets so many in and nobody overtake', async () => {
    const limiter = createLimiter(2);
    const order: number[] = [];
    let atOnce = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 6 }, (_, i) => limiter(async () => {
      order.push(i);
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
    })));
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
    expect(most).toBe(2);
  });
});
