/** One look at the server, over a connection that stays open: its loss is the fastest notice of a death. */
import type { GuestContext, Probe } from '../../../spi/guest.ts';
import { type Connection, SilenceError } from '../wire/connection.ts';
import type { Row } from '../wire/packets.ts';
import type { Dialect, Sql } from './dialect.ts';
import { isFull, isManagementRefused, isUnreachable, openManagement } from './management.ts';

/** Of the declared time; a later answer "hung" would be late itself. */
const marginMs = 300;
const exitNoticeMs = 200;
const kept = new Map<string, Connection>();
const nothing = { detail: null, version: null, managementLost: false };

export async function probe(ctx: GuestContext, dialect: Dialect): Promise<Probe> {
  if (ctx.engine.pid() === null) {
    forgetProbe(ctx.instanceId);
    return { ...nothing, state: 'down', detail: 'the server does not run' };
  }
  const timeoutMs = dialect.probeMs - marginMs;
  const deadline = Date.now() + timeoutMs;
  try {
    return await look(ctx, dialect, await connectionOf(ctx, dialect, deadline), deadline);
  } catch (error) {
    forgetProbe(ctx.instanceId);
    // A connection that broke is told before the end of the process that had it.
    if (isUnreachable(error)) await ctx.engine.exited(AbortSignal.any([ctx.signal, AbortSignal.timeout(exitNoticeMs)])).catch(() => undefined);
    return explain(ctx, error, timeoutMs);
  }
}

/** The kept connection may have ended since; a fresh one tells what is the matter. */
async function connectionOf(ctx: GuestContext, dialect: Dialect, deadline: number): Promise<Connection> {
  const known = kept.get(ctx.instanceId);
  if (known && !known.isClosed) return known;
  const fresh = await openManagement(ctx, dialect, Math.max(1, deadline - Date.now()));
  kept.set(ctx.instanceId, fresh);
  return fresh;
}

async function look(ctx: GuestContext, dialect: Dialect, connection: Connection, deadline: number): Promise<Probe> {
  const rows = (text: string): Promise<Row[]> => connection.query(text, Math.max(1, deadline - Date.now()));
  const sql: Sql = { rows, run: async () => undefined };
  const [settings] = await rows('select version() as version, @@global.max_connections as places');
  const [status] = await rows("show global status like 'Threads_connected'");
  const problem = await dialect.managementProblem(sql, ctx.managementSecret);
  const [sessions, places] = [Number(status?.['Value']), Number(settings?.['places'])];
  // The place beyond them is the only one that management's changes have.
  if (sessions > places) forgetProbe(ctx.instanceId);
  const version = /^\d+\.\d+\.\d+/.exec(settings?.['version'] ?? '')?.[0] ?? null;
  if (problem !== null) return { state: 'ok', version, managementLost: true, detail: problem };
  return { state: 'ok', version, managementLost: false, detail: sessions >= places ? `all connections are taken (${sessions} of ${places}): clients are turned away` : null };
}

function explain(ctx: GuestContext, error: unknown, timeoutMs: number): Probe {
  const detail = error instanceof Error ? error.message : String(error);
  if (ctx.engine.pid() === null) return { ...nothing, state: 'down', detail };
  if (isManagementRefused(error)) return { ...nothing, state: 'ok', detail: `the server refuses the management account: ${detail}`, managementLost: true };
  if (isFull(error)) return { ...nothing, state: 'ok', detail: `all connections are taken, management's too: ${detail}` };
  if (error instanceof SilenceError) return { ...nothing, state: 'hung', detail: `no answer within ${timeoutMs} ms` };
  if (isUnreachable(error)) return { ...nothing, state: 'starting', detail };
  return { ...nothing, state: 'hung', detail };
}

export function forgetProbe(instanceId: string): void {
  kept.get(instanceId)?.close();
  kept.delete(instanceId);
}
