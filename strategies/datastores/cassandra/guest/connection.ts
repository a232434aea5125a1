/** One connection over TLS: replies are told apart by their stream, here one at a time. */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { login, opcodes, parseFrame, query, readAnswer, startup, type Frame, type Row } from './wire.ts';

/** The server took the connection or the question and says nothing. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}
/** The server took the connection and closed it before a word was said, as it does when all places are taken. */
export class TurnedAwayError extends Error {
  override readonly name = 'TurnedAwayError';
}

interface TlsTarget { host: string; port: number; /** SHA-256 of the certificates it may show; null: any */ trusted: readonly string[] | null }
interface ConnectionTarget extends TlsTarget { user: string; password: string }
/** How long something may take: until its time is up or it is called off. */
export interface Limit { untilMs: number; signal: AbortSignal }
export interface Connection {
  ask(statement: string, values: readonly string[], limit: Limit): Promise<Row[]>;
  readonly isClosed: boolean;
  close(): void;
}

const stream = 1;

export async function openConnection(target: ConnectionTarget, limit: Limit): Promise<Connection> {
  const socket = await openTls(target, limit);
  const connection = converse(socket);
  try {
    const greeting = await connection.exchange(startup(stream), limit);
    if (greeting.opcode === opcodes.error) readAnswer(greeting);
    if (greeting.opcode !== opcodes.authenticate) throw new Error('the server asks for no login');
    const answer = await connection.exchange(login(stream, target.user, target.password), limit);
    if (answer.opcode !== opcodes.authSuccess) readAnswer(answer);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    get isClosed() { return connection.isClosed(); },
    close: () => void socket.destroy(),
    ask: async (statement, values, until) => readAnswer(await connection.exchange(query(stream, statement, values), until)),
  };
}

/** Waits no longer than the limit; `end` ends what goes on then. */
export async function within<T>({ untilMs, signal }: Limit, work: Promise<T>, end: (error: Error) => void = () => undefined): Promise<T> {
  const givenUp = Promise.withResolvers<never>();
  const giveUp = (error: Error): void => {
    end(error);
    givenUp.reject(error);
  };
  const leftMs = Math.max(0, untilMs - Date.now());
  const timer = setTimeout(() => giveUp(new SilenceError(`no answer within ${leftMs} ms`)), leftMs);
  const onAbort = (): void => giveUp(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, givenUp.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

export function openTls(target: TlsTarget, limit: Limit): Promise<TLSSocket> {
  const plain = connectTcp({ host: target.host, port: target.port });
  const opened = new Promise<TLSSocket>((resolve, reject) => {
    let isConnected = false;
    const fail = (error: Error): void => {
      plain.destroy();
      reject(error);
    };
    plain.on('error', (error: NodeJS.ErrnoException) => fail(isConnected && error.code === 'ECONNRESET' ? new TurnedAwayError('the server closed the connection at once') : error));
    plain.once('close', () => fail(new TurnedAwayError('the server closed the connection at once')));
    plain.once('connect', () => {
      isConnected = true;
      // Neither dates nor names count, only which one it is: a certificate that has run out must not lock management out.
      const socket = connectTls({ socket: plain, minVersion: 'TLSv1.2', rejectUnauthorized: false }, () => {
        if (target.trusted?.includes(socket.getPeerX509Certificate()?.fingerprint256 ?? '') === false) { fail(new Error('the server shows another certificate than the one it was given')); return; }
        resolve(socket);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ECONNRESET' ? new TurnedAwayError('the server closed the connection at once') : error));
    });
  });
  return within(limit, opened, (error) => plain.destroy(error));
}

interface Waiting { resolve(frame: Frame): void; reject(error: Error): void }

function converse(socket: TLSSocket) {
  let [waiting, data, isClosed]: [Waiting | null, Buffer, boolean] = [null, Buffer.alloc(0), false];
  let turn: Promise<unknown> = Promise.resolve();
  const settle = (): Waiting | null => {
    const settled = waiting;
    waiting = null;
    return settled;
  };
  const fail = (error: Error): void => {
    isClosed = true;
    settle()?.reject(error);
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    data = data.length === 0 ? chunk : Buffer.concat([data, chunk]);
    for (let found = parseFrame(data); found; found = parseFrame(data)) {
      data = found.rest;
      settle()?.resolve(found.frame);
    }
  });
  const send = (frame: Buffer): Promise<Frame> => new Promise((resolve, reject) => {
    if (isClosed) { reject(new Error('the connection is closed')); return; }
    waiting = { resolve, reject };
    socket.write(frame);
  });
  return {
    isClosed: () => isClosed || socket.destroyed,
    exchange(frame: Buffer, limit: Limit): Promise<Frame> {
      let [isSent, isGivenUp] = [false, false];
      const answer = turn.then(() => {
        if (isGivenUp) throw new Error('given up before its turn');
        isSent = true;
        return send(frame);
      });
      turn = answer.catch(() => undefined);
      return within(limit, answer, (error) => {
        isGivenUp = true;
        // A late answer would be taken for the next question's.
        if (isSent) socket.destroy(error);
      });
    },
  };
}
