/** One look at the server, over a connection that stays open: its loss is the fastest notice of a death. */
import type pg from 'pg';
import type { GuestContext, Probe } from '../../../spi/guest.ts';
import { manifest } from '../manifest.ts';
import { managementRole } from '../names.ts';
import { isManagementRefused, isNotReady, isUnreachable, openManagement } from './management.ts';
import { literal } from './sql.ts';

/** Over one slow statement more than the declared time the answer "hung" would come too late. */
const timeoutMs = manifest.timeouts.probeMs - 200;
const kept = new Map<string, pg.Client>();

const question = `select split_part(current_setting('server_version'), ' ', 1) as version,
  (select rolsuper and rolcanlogin from pg_authid where rolname = ${literal(managementRole)}) as "isSuperuser",
  (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as sessions,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as places`;
interface Answer { version: string; isSuperuser: boolean | null; sessions: number; places: number }

const nothing = { detail: null, version: null, managementLost: false };

export async function probe(ctx: GuestContext): Promise<Probe> {
  if (ctx.engine.pid() === null) {
    forgetProbe(ctx.instanceId);
    return { ...nothing, state: 'down', detail: 'the server does not run' };
  }
  try {
    return judge(await withinTime(ask(ctx)));
  } catch (error) {
    forgetProbe(ctx.instanceId);
    return explain(ctx, error);
  }
}

async function ask(ctx: GuestContext): Promise<Answer> {
  const known = kept.get(ctx.instanceId);
  // The kept connection may have ended since; a fresh one tells what is the matter.
  const answer = known && (await known.query<Answer>(question).catch((error: Error) => { forgetProbe(ctx.instanceId); if (error.message === late) throw error; return null; }));
  if (answer?.rows[0]) return answer.rows[0];
  const client = await openManagement(ctx, 'probe', undefined, timeoutMs);
  client.once('end', () => { if (kept.get(ctx.instanceId) === client) kept.delete(ctx.instanceId); });
  kept.set(ctx.instanceId, client);
  const [row] = (await client.query<Answer>(question)).rows;
  if (!row) throw new Error('no answer');
  return row;
}

const late = 'no answer in time';

function withinTime<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  return Promise.race([work, new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error(late)), timeoutMs); })]).finally(() => clearTimeout(timer));
}

/** Tenants are turned away as soon as only the reserved places are left, whoever sits in the others. */
function judge({ version, isSuperuser, sessions, places }: Answer): Probe {
  const isFull = sessions >= places;
  return { state: 'ok', version, managementLost: isSuperuser !== true, detail: isFull ? `all connections are taken (${sessions} of ${places}): clients are turned away` : null };
}

function explain(ctx: GuestContext, error: unknown): Probe {
  const detail = (error as Error).message;
  if (ctx.engine.pid() === null) return { ...nothing, state: 'down', detail };
  if (isManagementRefused(error)) return { ...nothing, state: 'ok', detail: `the server refuses the management role: ${detail}`, managementLost: true };
  if (detail === late || /timeout expired/.test(detail)) return { ...nothing, state: 'hung', detail: `no answer within ${timeoutMs} ms` };
  if (isNotReady(error) || isUnreachable(error)) return { ...nothing, state: 'starting', detail };
  return { ...nothing, state: 'hung', detail };
}

export function forgetProbe(instanceId: string): void {
  const client = kept.get(instanceId);
  kept.delete(instanceId);
  client?.connection.stream.destroy();
}
