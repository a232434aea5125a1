/**
 * A client that subscribes, is cut off at any moment and resumes by its last cursor at any gateway. It follows the
 * protocol of event-feed.ts with the feed's own cursors, filter, memory and routes.
 */
import { decodeCursor, encodeCursor, isAfter, type Position } from '../../../gateway/events/cursor.ts';
import type { Entry } from '../../../gateway/events/event-row.ts';
import { concerns } from '../../../gateway/events/routes.ts';
import { createStreamFilter, type StreamFilter } from '../../../gateway/events/stream-filter.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { ModelGateway } from './gateway.ts';
import type { ModelLog } from './log.ts';

export interface ModelSubscriber { connect(gateway: ModelGateway): void; cut(): void; known(): Set<string>; delivered: number; resumes: number; resets: number }

const PAGE = 5;

export function createModelSubscriber(world: { clock: Clock; random: Random; log: ModelLog; broken(rule: string, what: string): void }, subject: string): ModelSubscriber {
  const { clock, random, log, broken } = world;
  let known = new Set<string>();
  let lastId = { xid: 0, id: 0 };
  let cursor: string | null = null;
  let session = 0;
  let detach = (): void => {};

  function tell(event: { cursor: string; id: string } | null, position: Position): void {
    if (!event) return;
    if (known.has(event.id)) broken('no event comes twice', `${subject}: ${event.id}`);
    if (!isAfter(position, lastId)) broken('events come in order', `${subject}: ${event.id}`);
    known.add(event.id);
    lastId = position;
    cursor = event.cursor;
    me.delivered += 1;
  }

  const me: ModelSubscriber = {
    delivered: 0, resumes: 0, resets: 0,
    known: () => known,
    cut() { session += 1; detach(); detach = (): void => {}; },
    connect(gateway) {
      me.cut();
      const mine = session;
      const isOver = (): boolean => session !== mine || gateway.isDown();
      const buffer: Entry[] = [];
      let filter: StreamFilter;
      const join = (): void => { detach = gateway.attach({ subject }, (entry) => buffer.push(entry)); };
      function live(): void {
        if (isOver()) return;
        for (const entry of buffer.splice(0)) {
          tell(filter.pass(entry), entry.position);
          if (random.chance(0.02)) return; // cut off in the middle: the rest was never told
        }
        clock.after(random.int(1, 20), live);
      }
      function present(isReset: boolean): void {
        const from = gateway.position();
        join();
        clock.after(random.int(0, 30), () => {
          if (isOver()) return;
          const snapshot = log.snapshot();
          filter = createStreamFilter(1, { xid: 0, id: 0 }, snapshot);
          known = log.visible(snapshot, subject);
          lastId = { xid: 0, id: 0 };
          cursor = encodeCursor(1, from, snapshot);
          if (isReset) me.resets += 1;
          clock.after(random.int(0, 10), live);
        });
      }
      function resume(text: string): void {
        const from = decodeCursor(text)!;
        filter = createStreamFilter(1, from.position, from.snapshot);
        me.resumes += 1;
        const readOn = (at: Position): void => {
          if (isOver()) return;
          const rest = gateway.recent(at);
          if (rest) {
            join();
            filter.skipTo(at);
            for (const entry of rest) if (concerns({ subject }, entry)) tell(filter.pass(entry), entry.position);
            return void clock.after(random.int(0, 10), live);
          }
          const page = log.page(at, PAGE, subject);
          if (page.isPruned) return present(true);
          clock.after(random.int(0, 10), () => {
            if (isOver()) return;
            for (const entry of page.entries) tell(filter.pass(entry), entry.position);
            readOn(page.end);
          });
        };
        gateway.poke(from.position);
        if (isAfter(from.position, gateway.position())) return broken('a cursor of ours is never ahead of a fresh read', text);
        readOn(from.position);
      }
      if (cursor === null) present(false);
      else resume(cursor);
    },
  };
  return me;
}
