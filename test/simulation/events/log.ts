/**
 * The event table with PostgreSQL's visibility: ids and transaction ids are given out early, rows appear at commit. A
 * crash forgets open transactions, and gives out again what only they and those rolled back had been given.
 */
import { isAfter, parseSnapshot, type Position, type Snapshot } from '../../../gateway/events/cursor.ts';
import { eventId, toEntry, type Entry } from '../../../gateway/events/event-row.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';

export interface OpenTransaction { append(subject: string): void; commit(): void; abort(): void }
export interface Page { entries: Entry[]; end: Position; isPruned: boolean }
export interface ModelLog {
  begin(): OpenTransaction;
  snapshot(): Snapshot;
  /** ids of all committed events that were not pruned when they committed */
  visible(snapshot: Snapshot, subject: string): Set<string>;
  /** below the horizon, behind the position, in order */
  page(after: Position, limit: number, subject?: string): Page;
  latest(limit: number): { entries: Entry[]; pruned: Position };
  prune(random: Random): void;
  crash(random: Random): void;
}

interface Row { xid: number; id: number; subject: string; committedAt: number }

/** The pruner keeps what is young: far longer than any reader needs to look. */
const KEEP_MS = 200;

export function createModelLog(clock: Clock): ModelLog {
  let nextXid = 100;
  let nextId = 1;
  let latestCompleted = 99;
  let newestId = 0;
  let crashes = 0;
  const running = new Set<number>();
  const committed: Row[] = [];
  let rows: Row[] = [];
  let horizon: Position = { xid: 0, id: 0 };

  const entryOf = (row: Row): Entry => toEntry({
    xid: String(row.xid), id: String(row.id), at: '', type: 'thing.changed', phase: 'INFO', actor: 'sim', client_address: null, request_id: null, subject: row.subject,
    project_id: 'p', operation_id: null, data: '{}', doc: null, age_ms: 0,
  }, 1);
  function snapshot(): Snapshot {
    const xmax = latestCompleted + 1;
    const open = [...running].filter((xid) => xid < xmax).sort((a, b) => a - b);
    return parseSnapshot(`${open[0] ?? xmax}:${xmax}:${open.join(',')}:${newestId}`);
  }
  const sorted = (): Row[] => [...rows].sort((a, b) => a.xid - b.xid || a.id - b.id);
  const complete = (xid: number): void => { running.delete(xid); latestCompleted = Math.max(latestCompleted, xid); };

  return {
    begin() {
      const mine: Row[] = [];
      const life = crashes;
      let xid = 0;
      return {
        append(subject) {
          if (life !== crashes) return;
          if (xid === 0) running.add((xid = nextXid++));
          mine.push({ xid, id: nextId++, subject, committedAt: 0 });
        },
        commit() {
          if (xid === 0 || life !== crashes) return;
          for (const row of mine) row.committedAt = clock.now();
          newestId = Math.max(newestId, ...mine.map(({ id }) => id));
          rows.push(...mine);
          committed.push(...mine);
          complete(xid);
        },
        abort() { if (xid !== 0 && life === crashes) complete(xid); },
      };
    },
    snapshot,
    visible: (s, subject) => new Set(committed.filter((r) => r.subject === subject && r.xid < s.xmax && !s.running.has(r.xid)).map((r) => eventId(String(r.id)))),
    page(after, limit, subject) {
      const { xmin } = snapshot();
      const found = sorted().filter((r) => isAfter(r, after) && r.xid < xmin && (subject === undefined || r.subject === subject)).slice(0, limit);
      const last = found.length === limit ? found.at(-1) : sorted().findLast((r) => r.xid < xmin);
      return { entries: found.map(entryOf), end: last && isAfter(last, after) ? { xid: last.xid, id: last.id } : after, isPruned: isAfter(horizon, after) };
    },
    latest(limit) {
      const { xmin } = snapshot();
      return { entries: sorted().filter((r) => r.xid < xmin).slice(-limit).map(entryOf), pruned: horizon };
    },
    prune(random) {
      const { xmin } = snapshot();
      const all = sorted();
      const young = all.findIndex((r) => r.xid >= xmin || r.committedAt > clock.now() - KEEP_MS);
      const old = young < 0 ? all : all.slice(0, young);
      const last = old[random.int(0, old.length + 1) - 1];
      if (!last) return;
      rows = rows.filter((r) => isAfter(r, last));
      if (isAfter(last, horizon)) horizon = { xid: last.xid, id: last.id };
    },
    crash(random) {
      crashes += 1;
      running.clear();
      nextXid = random.int(Math.max(99, ...committed.map(({ xid }) => xid)) + 1, nextXid + 1);
      nextId = random.int(newestId + 1, nextId + 1);
      latestCompleted = nextXid - 1;
    },
  };
}
