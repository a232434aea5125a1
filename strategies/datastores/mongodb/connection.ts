/**
 * One connection in OP_MSG, request by request. The agent must stay small, and the whole driver costs it 22 MiB (`bson`
 * alone: 5), while Coffer needs no more than a command, its answer and a deadline. Used over the unix socket by the guest
 * half and over TLS by the client half. https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg
 */
import type { Socket } from 'node:net';
import { Binary, deserialize, serialize, type Document } from 'bson';
import { createLogin, fieldsOf, mechanism } from './scram.ts';

/** The engine answered, and the answer is no: to the command, to a write in it, or to the wish that it be kept. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number;
  readonly codeName: string;
  constructor(answer: Document) {
    super(String(answer['errmsg'] ?? 'the command failed'));
    this.code = Number(answer['code'] ?? 0);
    this.codeName = String(answer['codeName'] ?? '');
  }
}
/** The engine took the connection or the command and says nothing. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

export interface Connection {
  /** Rejects with CommandError when the engine refuses, with Error when the connection is gone or the time is up. */
  command(database: string, command: Document, timeoutMs: number): Promise<Document>;
  /** `timeoutMs` is for all of it. */
  login(database: string, user: string, password: string, timeoutMs: number): Promise<void>;
  readonly closed: boolean;
  close(): void;
}

/** What an answer refuses. A command whose writes all failed, or that is not in the journal yet, counts as done otherwise. */
const refusalIn = (answer: Document): Document | undefined =>
  Number(answer['ok']) === 1 ? (answer['writeErrors'] as Document[] | undefined)?.[0] ?? (answer['writeConcernError'] as Document | undefined) : answer;

const headerBytes = 16;
/** What the server itself takes and gives at most. */
const maxMessageBytes = 48_000_000;
const opMsg = 2013;

export function encodeMessage(requestId: number, body: Document): Buffer {
  const document = serialize(body);
  const head = Buffer.alloc(headerBytes + 5);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(requestId, 4);
  head.writeInt32LE(opMsg, 12);
  return Buffer.concat([head, document]);
}

/** Undefined while the message is not complete. Answers to single commands have one section, a document. */
export function decodeMessage(data: Buffer, { isTyped = false }: ConnectionOptions = {}): { body: Document; responseTo: number; sizeBytes: number } | undefined {
  if (data.length < headerBytes) return undefined;
  const sizeBytes = data.readInt32LE(0);
  if (sizeBytes < headerBytes + 10 || sizeBytes > maxMessageBytes || data.readInt32LE(12) !== opMsg) throw new Error('the engine sent something that is no answer of this protocol');
  if (data.length < sizeBytes) return undefined;
  if (data[headerBytes + 4] !== 0) throw new Error('the engine sent an answer of an unknown kind');
  return { body: deserialize(data.subarray(headerBytes + 5, sizeBytes), { promoteBuffers: false, promoteValues: !isTyped }), responseTo: data.readInt32LE(8), sizeBytes };
}

/** `isTyped`: numbers of answers keep the kind they have on the wire. */
export interface ConnectionOptions { isTyped?: boolean }
interface Waiting { id: number; resolve(body: Document): void; reject(error: Error): void; timer: NodeJS.Timeout }

/** `socket` is connected, its handshake done. Commands go out as they come; answers come in their order. */
export function createConnection(socket: Socket, options: ConnectionOptions = {}): Connection {
  const waiting: Waiting[] = [];
  let [buffered, requests, closed]: [Buffer, number, boolean] = [Buffer.alloc(0), 0, false];
  const fail = (error: Error): void => {
    closed = true;
    for (const one of waiting.splice(0)) { clearTimeout(one.timer); one.reject(error); }
  };
  const take = (chunk: Buffer): void => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    for (let message = decodeMessage(buffered, options); message; message = decodeMessage(buffered, options)) {
      buffered = buffered.subarray(message.sizeBytes);
      const one = waiting.shift();
      if (one?.id !== message.responseTo) throw new Error('the engine answered another command');
      clearTimeout(one.timer);
      const refusal = refusalIn(message.body);
      if (refusal) one.reject(new CommandError(refusal)); else one.resolve(message.body);
    }
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the engine closed the connection')));
  socket.on('data', (chunk: Buffer) => { try { take(chunk); } catch (error) { socket.destroy(error as Error); } });
  const connection: Connection = {
    get closed() { return closed; },
    close() { closed = true; socket.destroy(); },
    command: (database, command, timeoutMs) => new Promise((resolve, reject) => {
      if (closed) { reject(new Error('the connection is closed')); return; }
      // answers come in order: after one is given up, none on this connection can be told apart any more
      const timer = setTimeout(() => socket.destroy(new SilenceError(`no answer within ${timeoutMs} ms`)), timeoutMs);
      const id = ++requests;
      waiting.push({ id, resolve, reject, timer });
      socket.write(encodeMessage(id, { ...command, $db: database }));
    }),
    login: (database, user, password, timeoutMs) => login(connection, { database, user, password }, timeoutMs),
  };
  return connection;
}

const textOf = (payload: unknown): string => Buffer.from((payload as Binary).buffer).toString('utf8');

async function login(connection: Connection, { database, user, password }: { database: string; user: string; password: string }, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  const attempt = createLogin(user, password);
  const started = await connection.command(database, { saslStart: 1, mechanism, payload: new Binary(Buffer.from(attempt.first)), options: { skipEmptyExchange: true } }, timeoutMs);
  const { text, signature } = await attempt.final(textOf(started['payload']));
  const ended = await connection.command(database, { saslContinue: 1, conversationId: started['conversationId'] as number, payload: new Binary(Buffer.from(text)) }, Math.max(1, until - Date.now()));
  if (ended['done'] !== true || fieldsOf(textOf(ended['payload']))['v'] !== signature) throw new Error('the server did not prove that it knows the account');
}
