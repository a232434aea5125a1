/** Management's own connection: over the same TLS port as everybody's, kept open, made anew when it was lost. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import { managementRole } from '../names.ts';
import { type Connection, type ConnectionTarget, openConnection } from './connection.ts';
import { advertised, cqlPort, listenAddress } from './places.ts';
import { authMemoryMs } from './server-config.ts';
import { CqlError, errorCodes, type Row } from './wire.ts';

export type ManagementContext = Pick<GuestContext, 'instanceId' | 'network' | 'paths' | 'tls' | 'managementSecret'>;

const connectTimeoutMs = 10_000;
/** Changes of the schema wait for compactions and for the disk. */
const statementTimeoutMs = 25_000;
const kept = new Map<string, Connection>();

export async function managementConnection(ctx: ManagementContext, timeoutMs = connectTimeoutMs): Promise<Connection> {
  const known = kept.get(ctx.instanceId);
  if (known && !known.isClosed) return known;
  const fresh = await openConnection(await targetOf(ctx, { user: managementRole, password: ctx.managementSecret }, timeoutMs));
  kept.get(ctx.instanceId)?.close();
  kept.set(ctx.instanceId, fresh);
  return fresh;
}

async function targetOf(ctx: ManagementContext, login: { user: string; password: string }, timeoutMs: number): Promise<ConnectionTarget> {
  return { host: listenAddress(ctx.network.bind), port: cqlPort(ctx), ca: await readFile(ctx.tls.ca, 'utf8'), serverName: advertised(ctx), ...login, timeoutMs };
}

export function forgetConnection(instanceId: string): void {
  kept.get(instanceId)?.close();
  kept.delete(instanceId);
}

const passing = new Set<number>([errorCodes.unavailable, errorCodes.overloaded, errorCodes.bootstrapping, errorCodes.writeTimeout, errorCodes.readTimeout]);

/** A statement whose trouble is told as a guest fault: the connection's as retryable, the engine's word as refused. */
export async function ask(ctx: ManagementContext, statement: string, values: readonly string[] = []): Promise<Row[]> {
  try {
    return await (await managementConnection(ctx)).ask(statement, values, statementTimeoutMs);
  } catch (error) {
    if (!(error instanceof CqlError)) throw new GuestFault('RETRYABLE', `the engine does not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    const code = passing.has(error.code) || /shutting down/.test(error.message) ? 'RETRYABLE' : error.code === errorCodes.alreadyExists ? 'EXISTS' : 'REFUSED';
    // The engine's words may quote the statement, and a statement may hold a password.
    throw new GuestFault(code, /\bPASSWORD\b/.test(statement) ? `the engine refuses the role (code ${error.code})` : error.message);
  }
}

/** Whether somebody would be let in: the engine compares the password, which costs the agent's unoptimised code ten seconds. */
export async function canLogIn(ctx: ManagementContext, user: string, password: string): Promise<boolean> {
  try {
    (await openConnection(await targetOf(ctx, { user, password }, connectTimeoutMs))).close();
    return true;
  } catch (error) {
    if (error instanceof CqlError && error.code === errorCodes.badCredentials) return false;
    throw new GuestFault('RETRYABLE', `the engine does not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** One after the other: the engine has no transactions over several. */
export async function askEach(ctx: ManagementContext, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await ask(ctx, statement);
}

/** Until the engine has forgotten rights and passwords as they were: what it was told before holds for everybody then. */
export async function untilForgotten(ctx: Pick<GuestContext, 'signal'>): Promise<void> {
  await delay(authMemoryMs + 50, undefined, { signal: ctx.signal });
}
