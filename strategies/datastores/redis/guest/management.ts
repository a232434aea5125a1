/** The agent's own connection: over the unix socket, as the management user; kept open, so that its end tells of the engine's. */
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import { managementName } from '../acl.ts';
import { socketOf } from './config-file.ts';
import { openConnection, RespError, type Connection, type Reply } from './resp.ts';

const connectTimeoutMs = 1_000;
const statementTimeoutMs = 8_000;
const open = new Map<string, Connection>();

export async function managementConnection(ctx: GuestContext, timeoutMs = connectTimeoutMs): Promise<Connection> {
  const path = socketOf(ctx);
  const kept = open.get(path);
  if (kept && !kept.closed) return kept;
  const fresh = await openConnection(path, timeoutMs);
  try {
    await fresh.command(['AUTH', managementName, ctx.managementSecret], timeoutMs);
  } catch (error) {
    fresh.close();
    throw error;
  }
  open.set(path, fresh);
  return fresh;
}

export function dropConnection(ctx: GuestContext): void {
  open.get(socketOf(ctx))?.close();
  open.delete(socketOf(ctx));
}

/** All connections are taken: it says nothing of what was asked. */
const isFull = (error: RespError): boolean => error.message.includes('max number of clients');
const retryableKinds = new Set(['LOADING', 'BUSY', 'MISCONF', 'OOM']);

/** Of one statement: never past the deadline of the method that needs it. */
const timeLeft = (ctx: GuestContext): number => Math.max(1, Math.min(statementTimeoutMs, ctx.deadline.getTime() - Date.now()));

/** A command whose trouble is told as a guest fault: the connection's as retryable, the engine's word as refused. */
export async function ask(ctx: GuestContext, ...args: string[]): Promise<Reply> {
  try {
    return await (await managementConnection(ctx)).command(args, timeLeft(ctx));
  } catch (error) {
    if (error instanceof RespError) throw new GuestFault(retryableKinds.has(error.kind) || isFull(error) ? 'RETRYABLE' : 'REFUSED', error.message, { cause: error });
    throw new GuestFault('RETRYABLE', `the engine does not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
