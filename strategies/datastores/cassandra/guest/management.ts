/** Management's own connections: over the same TLS port as everybody's, kept open, made anew when they were lost. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestFault, type GuestContext } from '../../../spi/guest.ts';
import { managementRole } from '../names.ts';
import { type Connection, type Limit, openConnection, within } from './connection.ts';
import { readText } from './files.ts';
import { cqlPort, listenAddress, secretFiles } from './places.ts';
import { reopenIfLeftClosed } from './port.ts';
import { authMemoryMs } from './server-config.ts';
import { CqlError, errorCodes, type Row } from './wire.ts';

export type ManagementContext = Pick<GuestContext, 'instanceId' | 'network' | 'paths' | 'managementSecret' | 'engine' | 'signal' | 'deadline'>;

const connectTimeoutMs = 10_000;
/** Changes of the schema wait for compactions and for the disk. */
const statementTimeoutMs = 25_000;

/** One each: a command that takes its time must not look like a server that hangs, and a look that is given up must not end a command. */
const purposes = ['commands', 'probe'] as const;
type Purpose = (typeof purposes)[number];
/** A connection, from the moment it is asked for: whoever comes meanwhile waits for the same one. */
interface Place { connection: Promise<Connection>; isLost(): boolean; close(): void }
const places = new Map<string, Place>();
const keyOf = (instanceId: string, purpose: Purpose): string => `${purpose} ${instanceId}`;

export async function managementConnection(ctx: ManagementContext, purpose: Purpose, limit: Limit): Promise<Connection> {
  const key = keyOf(ctx.instanceId, purpose);
  const known = places.get(key);
  const place = known && !known.isLost() ? known : occupy(ctx);
  places.set(key, place);
  return within(limit, place.connection);
}

/** Has a time of its own: the one who asked first may leave before the others. */
function occupy(ctx: ManagementContext): Place {
  const end = new AbortController();
  let [isFailed, opened]: [boolean, Connection | null] = [false, null];
  const connection = open(ctx, { untilMs: Date.now() + connectTimeoutMs, signal: end.signal });
  connection.then((made) => { opened = made; }, () => { isFailed = true; });
  return {
    connection,
    isLost: () => isFailed || opened?.isClosed === true,
    close() {
      end.abort(new Error('the connection is no longer wanted'));
      opened?.close();
    },
  };
}

async function open(ctx: ManagementContext, limit: Limit): Promise<Connection> {
  const trusted = await trustedFingerprints(ctx);
  const attempt = (): Promise<Connection> => openConnection({ host: listenAddress(ctx.network.bind), port: cqlPort(ctx), trusted, user: managementRole, password: ctx.managementSecret }, limit);
  return attempt().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNREFUSED' || !(await reopenIfLeftClosed(ctx))) throw error;
    return attempt();
  });
}

/** The one in the engine's file, and while a rotation is under way the one before. */
async function trustedFingerprints(ctx: Pick<GuestContext, 'paths'>): Promise<string[]> {
  const { client, clientBefore } = secretFiles(ctx);
  const texts = [await readText(client), await readText(clientBefore)];
  return texts.flatMap((text) => (text === null ? [] : [new X509Certificate(text).fingerprint256]));
}

export function forgetConnection(instanceId: string, of: readonly Purpose[] = purposes): void {
  for (const key of of.map((purpose) => keyOf(instanceId, purpose))) {
    places.get(key)?.close();
    places.delete(key);
  }
}

/** At most so long, and never beyond what the caller has left. */
export const limitOf = ({ deadline, signal }: Pick<GuestContext, 'deadline' | 'signal'>, mostMs: number): Limit => ({ untilMs: Math.min(Date.now() + mostMs, deadline.getTime()), signal });
export const connectLimit = (ctx: Pick<GuestContext, 'deadline' | 'signal'>): Limit => limitOf(ctx, connectTimeoutMs);

const passing = new Set<number>([errorCodes.unavailable, errorCodes.overloaded, errorCodes.bootstrapping, errorCodes.writeTimeout, errorCodes.readTimeout]);

/** A statement whose trouble is told as a guest fault: the connection's as retryable, the engine's word as refused. */
export async function ask(ctx: ManagementContext, statement: string, values: readonly string[] = []): Promise<Row[]> {
  ctx.signal.throwIfAborted();
  try {
    const connection = await managementConnection(ctx, 'commands', connectLimit(ctx));
    return await connection.ask(statement, values, limitOf(ctx, statementTimeoutMs));
  } catch (error) {
    if (!(error instanceof CqlError)) throw new GuestFault('RETRYABLE', `the engine does not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    const code = passing.has(error.code) || /shutting down/.test(error.message) ? 'RETRYABLE' : error.code === errorCodes.alreadyExists ? 'EXISTS' : 'REFUSED';
    // The engine's words may quote the statement, and a statement may hold a password.
    throw new GuestFault(code, /\bPASSWORD\b/.test(statement) ? `the engine refuses the role (code ${error.code})` : error.message);
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
