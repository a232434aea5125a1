/** One look at the server, over the kept connection: its loss is the fastest notice of a death. */
import type { GuestContext, Probe } from '../../../spi/guest.ts';
import { manifest } from '../manifest.ts';
import { managementRole } from '../names.ts';
import { isPassword } from './catalogue.ts';
import { SilenceError, TurnedAwayError } from './connection.ts';
import { forgetConnection, managementConnection } from './management.ts';
import { CqlError, errorCodes, type Row } from './wire.ts';

const timeoutMs = manifest.timeouts.probeMs - 500;
const nothing = { detail: null, version: null, managementLost: false };
const question = 'SELECT is_superuser, can_login, salted_hash FROM system_auth.roles WHERE role = ?';
const versionQuestion = 'SELECT release_version FROM system.local';

const judgements = new Map<string, { hash: string; isOurs: boolean }>();

export async function probe(ctx: GuestContext): Promise<Probe> {
  if (ctx.engine.pid() === null) {
    forgetConnection(ctx.instanceId);
    return { ...nothing, state: 'down', detail: 'the server does not run' };
  }
  const deadline = Date.now() + timeoutMs;
  try {
    // The kept connection may have ended since; a fresh one tells what is the matter.
    return await look(ctx, deadline).catch((error: unknown) => {
      if (error instanceof SilenceError || error instanceof CqlError) throw error;
      return look(ctx, deadline);
    });
  } catch (error) {
    return explain(ctx, error);
  }
}

async function look(ctx: GuestContext, deadline: number): Promise<Probe> {
  const leftMs = (): number => Math.max(1, deadline - Date.now());
  const connection = await managementConnection(ctx, leftMs());
  const [role] = await connection.ask(question, [managementRole], leftMs());
  const [local] = await connection.ask(versionQuestion, [], leftMs());
  return { ...nothing, state: 'ok', version: versionOf(local), managementLost: !(await isManagement(ctx, role)) };
}

/** A connection that is open goes on whatever becomes of its password: whether the next one would be let in is asked of the hash. */
async function isManagement(ctx: GuestContext, role: Row | undefined): Promise<boolean> {
  const hash = role?.['salted_hash'];
  if (role?.['is_superuser'] !== true || role['can_login'] !== true || typeof hash !== 'string') return false;
  // Comparing costs a tenth of a second with some hashes, and the answer stays.
  const judged = judgements.get(ctx.instanceId);
  if (judged?.hash === hash) return judged.isOurs;
  const isOurs = await isPassword(ctx.managementSecret, hash);
  judgements.set(ctx.instanceId, { hash, isOurs });
  return isOurs;
}
const versionOf = (row: Row | undefined): string | null => (typeof row?.['release_version'] === 'string' ? row['release_version'] : null);

function explain(ctx: GuestContext, error: unknown): Probe {
  const detail = (error as Error).message;
  if (ctx.engine.pid() === null) return { ...nothing, state: 'down', detail };
  if (error instanceof CqlError) {
    const isRefused = error.code === errorCodes.badCredentials || error.code === errorCodes.unauthorized;
    return { ...nothing, state: 'ok', detail: isRefused ? `the server refuses the management role: ${detail}` : detail, managementLost: isRefused };
  }
  forgetConnection(ctx.instanceId);
  if (error instanceof SilenceError) return { ...nothing, state: 'hung', detail };
  if (error instanceof TurnedAwayError) return { ...nothing, state: 'ok', detail: 'all connections are taken: clients are turned away' };
  return { ...nothing, state: 'starting', detail };
}
