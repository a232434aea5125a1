/** The past from the table, for cursors older than what is in memory: in pages, few at a time, equal ones once. */
import type { Store } from '../store/tx.ts';
import { isAfter, type Position } from './cursor.ts';
import { eventColumnsSql, toEntry, type Entry, type EventRow } from './event-row.ts';
import type { Limiter } from './limiter.ts';
import type { Scope } from './routes.ts';

export const HISTORY_PAGE = 500;

export interface HistoryPage {
  entries: readonly Entry[];
  /** where to read on */
  end: Position;
  /** events behind the position were pruned: only a snapshot can tell the present */
  isPruned: boolean;
}
export type History = (scope: Scope, after: Position) => Promise<HistoryPage>;

type PageRow = { newest_xid: string | null; newest_id: string | null; pruned: boolean } & { [K in keyof EventRow]: EventRow[K] | null };

/** The prune horizon is read in the same statement: a prune in between cannot go unnoticed. */
const pageSql = (where: string): string => `with h as materialized (select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin)
  select n.xid as newest_xid, n.id as newest_id, exists (select 1 from event_horizon p where p.generation = $3 and (p.xid, p.event_id) > ($1::bigint, $2::bigint)) as pruned, r.*
    from h left join lateral (select e.xid, e.id from event e where e.xid < h.xmin and e.generation = $3 order by e.xid desc, e.id desc limit 1) n on true
    left join lateral (
      select ${eventColumnsSql('e')} from event e where (e.xid, e.id) > ($1::bigint, $2::bigint) and e.xid < h.xmin and e.generation = $3 ${where}
       order by e.xid, e.id limit ${HISTORY_PAGE}) r on true
   order by r.xid, r.id`;
const bySubject = pageSql('and e.subject = $4');
const byBoth = pageSql('and e.subject = $4 and e.project_id = $5');
const byProject = pageSql('and e.project_id = $4');
const everything = pageSql('');

function queryFor(scope: Scope): [text: string, values: unknown[]] {
  if (scope.subject !== undefined) return scope.projectId ? [byBoth, [scope.subject, scope.projectId]] : [bySubject, [scope.subject]];
  return scope.projectId ? [byProject, [scope.projectId]] : [everything, []];
}

export function createHistory(deps: { store: Store; generation: number; limiter: Limiter }): History {
  const { store, generation, limiter } = deps;
  const inFlight = new Map<string, Promise<HistoryPage>>();

  async function read(scope: Scope, after: Position): Promise<HistoryPage> {
    const [text, values] = queryFor(scope);
    const rows = await limiter(() => store.query<PageRow>(text, [after.xid, after.id, generation, ...values]));
    const entries = rows.filter((row) => row.id !== null).map((row) => toEntry(row as unknown as EventRow, generation));
    const first = rows[0]!;
    const isFull = entries.length === HISTORY_PAGE;
    // Not full: nothing of the scope up to the newest event of all.
    const newest = { xid: Number(first.newest_xid ?? 0), id: Number(first.newest_id ?? 0) };
    return { entries, isPruned: first.pruned, end: isFull ? entries.at(-1)!.position : isAfter(newest, after) ? newest : after };
  }

  return (scope, after) => {
    const key = `${scope.subject ?? ''} ${scope.projectId ?? ''} ${after.xid}.${after.id}`;
    const known = inFlight.get(key);
    if (known) return known;
    const page = read(scope, after).finally(() => inFlight.delete(key));
    inFlight.set(key, page);
    return page;
  };
}
