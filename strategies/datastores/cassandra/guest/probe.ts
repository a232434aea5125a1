/** One look at the server, over a connection of its own that is kept: its loss is the fastest notice of a death. */
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded } from '../../../spi/engine-end.ts';
import type { GuestContext, Probe } from '../../../spi/guest.ts';
import { manifest } from '../manifest.ts';
import { managementRole } from '../names.ts';
import { type Limit, SilenceError, TurnedAwayError } from './connection.ts';
import { forgetConnection, managementConnection, untilForgotten } from './management.ts';
import { isPortClosing } from './port.ts';
import { CqlError, errorCodes, type Row } from './wire.ts';

const againMs = 200;
const timeoutMs = manifest.timeouts.probeMs - 500;
const nothing = { detail: null, version: null, managementLost: false };
const question = 'SELECT is_superuser, can_login, salted_hash FROM system_auth.roles WHERE role = ?';
const versionQuestion = 'SELECT release_version FROM system.local';

/** Of the management role, as a connection of ours last saw it. */
const knownHashes = new Map<string, string>();

export async function probe(ctx: GuestContext): Promise<Probe> {
  if (ctx.engine.pid() === null) {
    forgetConnection(ctx.instanceId);
    return { ...nothing, state: 'down', detail: 'the server does not run' };
  }
  // Not the caller's deadline: too short a look says nothing of the server.
  const limit = { untilMs: Date.now() + timeoutMs, signal: ctx.signal };
  try {
    // The kept connection may have ended since; a fresh one tells what is the matter.
    return await look(ctx, limit).catch(async (error: unknown) => {
      if (error instanceof SilenceError || error instanceof CqlError) throw error;
      // One that is ending resets connections for a moment, as one does that is full.
      if (error instanceof TurnedAwayError) await delay(againMs, undefined, { signal: ctx.signal });
      return look(ctx, limit);
    });
  } catch (error) {
    return explain(ctx, error);
  }
}

async function look(ctx: GuestContext, limit: Limit): Promise<Probe> {
  const connection = await managementConnection(ctx, 'probe', limit);
  // Commands have a place, too, before clients take them all.
  await managementConnection(ctx, 'commands', limit);
  const [role] = await connection.ask(question, [managementRole], limit);
  const [local] = await connection.ask(versionQuestion, [], limit);
  return { ...nothing, state: 'ok', version: versionOf(local), managementLost: !(await isManagement(ctx, role, limit)) };
}

/**
 * A connection that is open goes on whatever becomes of its password: when the hash is another than before, a fresh login
 * tells whether the next one would be let in.
 */
async function isManagement(ctx: GuestContext, role: Row | undefined, limit: Limit): Promise<boolean> {
  const hash = role?.['salted_hash'];
  if (role?.['is_superuser'] !== true || role['can_login'] !== true || typeof hash !== 'string') return false;
  const before = knownHashes.get(ctx.instanceId);
  if (before !== undefined && before !== hash) {
    // What the server remembers of the old one is over first.
    await untilForgotten(ctx);
    forgetConnection(ctx.instanceId, ['probe']);
    await managementConnection(ctx, 'probe', limit);
  }
  knownHashes.set(ctx.instanceId, hash);
  return true;
}
const versionOf = (row: Row | undefined): string | null => (typeof row?.['release_version'] === 'string' ? row['release_version'] : null);

function explain(ctx: GuestContext, error: unknown): Probe {
  const detail = (error as Error).message;
  if (hasEnded(ctx.engine.pid())) return { ...nothing, state: 'down', detail };
  if (error instanceof CqlError) {
    const isRefused = error.code === errorCodes.badCredentials || error.code === errorCodes.unauthorized;
    return { ...nothing, state: 'ok', detail: isRefused ? `the server refuses the management role: ${detail}` : detail, managementLost: isRefused };
  }
  forgetConnection(ctx.instanceId, ['probe']);
  if (isPortClosing(ctx.instanceId)) return { ...nothing, state: 'ok', detail: 'the sessions of a deleted user are being ended: clients are turned away for a moment' };
  if (error instanceof SilenceError) return { ...nothing, state: 'hung', detail };
  if (error instanceof TurnedAwayError) return { ...nothing, state: 'ok', detail: 'all connections are taken: clients are turned away' };
  return { ...nothing, state: 'starting', detail };
}
