/** One connection over TLS: replies are told apart by their stream, here one at a time. */
import { connect as connectTcp } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { login, opcodes, parseFrame, query, readAnswer, startup, type Frame, type Row } from './wire.ts';

/** The server took the connection or the question and says nothing. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}
/** The server took the connection and closed it before a word was said, as it does when all places are taken. */
export class TurnedAwayError extends Error {
  override readonly name = 'TurnedAwayError';
}

export interface ConnectionTarget { host: string; port: number; ca: string; /** what the certificate has to name */ serverName: string; user: string; password: string; timeoutMs: number }
export interface Connection {
  ask(statement: string, values: readonly string[], timeoutMs: number): Promise<Row[]>;
  readonly isClosed: boolean;
  close(): void;
}

const stream = 1;

export async function openConnection(target: ConnectionTarget): Promise<Connection> {
  const socket = await openTls(target);
  const connection = converse(socket);
  try {
    const greeting = await connection.exchange(startup(stream), target.timeoutMs);
    if (greeting.opcode === opcodes.error) readAnswer(greeting);
    if (greeting.opcode !== opcodes.authenticate) throw new Error('the server asks for no login');
    const answer = await connection.exchange(login(stream, target.user, target.password), target.timeoutMs);
    if (answer.opcode !== opcodes.authSuccess) readAnswer(answer);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return {
    get isClosed() { return connection.isClosed(); },
    close: () => void socket.destroy(),
    ask: async (statement, values, timeoutMs) => readAnswer(await connection.exchange(query(stream, statement, values), timeoutMs)),
  };
}

export function openTls(target: Pick<ConnectionTarget, 'host' | 'port' | 'serverName' | 'timeoutMs'> & { ca: string | null }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const plain = connectTcp({ host: target.host, port: target.port });
    let isConnected = false;
    const timer = setTimeout(() => fail(new SilenceError(`no answer within ${target.timeoutMs} ms`)), target.timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      plain.destroy();
      reject(error);
    };
    plain.once('error', (error: NodeJS.ErrnoException) => fail(isConnected && error.code === 'ECONNRESET' ? new TurnedAwayError('the server closed the connection at once') : error));
    plain.once('close', () => fail(new TurnedAwayError('the server closed the connection at once')));
    plain.once('connect', () => {
      isConnected = true;
      // Node checks names against `servername`, which cannot be an address.
      const trust = target.ca === null ? { rejectUnauthorized: false } : { ca: target.ca, checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) => checkServerIdentity(target.serverName, certificate) };
      const socket = connectTls({ socket: plain, minVersion: 'TLSv1.2', ...trust }, () => {
        clearTimeout(timer);
        plain.removeAllListeners('close');
        socket.removeAllListeners('error').on('error', () => undefined);
        resolve(socket);
      });
      socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ECONNRESET' ? new TurnedAwayError('the server closed the connection at once') : error));
    });
  });
}

interface Waiting { resolve(frame: Frame): void; reject(error: Error): void; timer: NodeJS.Timeout }

function converse(socket: TLSSocket) {
  let [waiting, data, isClosed]: [Waiting | null, Buffer, boolean] = [null, Buffer.alloc(0), false];
  let turn: Promise<unknown> = Promise.resolve();
  const settle = (): Waiting | null => {
    const settled = waiting;
    waiting = null;
    clearTimeout(settled?.timer);
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
  const send = (frame: Buffer, timeoutMs: number): Promise<Frame> => new Promise((resolve, reject) => {
    if (isClosed) { reject(new Error('the connection is closed')); return; }
    // After one question is given up, a late answer would be taken for the next one's.
    const timer = setTimeout(() => socket.destroy(new SilenceError(`no answer within ${timeoutMs} ms`)), timeoutMs);
    waiting = { resolve, reject, timer };
    socket.write(frame);
  });
  return {
    isClosed: () => isClosed,
    exchange(frame: Buffer, timeoutMs: number): Promise<Frame> {
      const answer = turn.then(() => send(frame, timeoutMs));
      turn = answer.catch(() => undefined);
      return answer;
    },
  };
}
