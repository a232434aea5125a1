/**
 * One connection in RESP2 over a unix socket. The agent must stay small and a general client costs it 20 MiB, while the
 * guest half needs no more than request, reply and a deadline.
 */
import { connect, type Socket } from 'node:net';

export type Reply = string | number | null | RespError | Reply[];
export class RespError extends Error {
  override readonly name = 'RespError';
  /** first word of the reply: NOAUTH, WRONGPASS, LOADING, ERR… */
  get kind(): string { return this.message.split(' ', 1)[0] ?? 'ERR'; }
}

/** The engine took the connection or the command and says nothing. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

export interface Connection {
  /** Rejects with RespError when the engine refuses, with Error when the connection is gone or the time is up. */
  command(args: readonly string[], timeoutMs: number): Promise<Reply>;
  readonly closed: boolean;
  close(): void;
}

interface Waiting { resolve(reply: Reply): void; reject(error: Error): void; timer: NodeJS.Timeout }

export function openConnection(path: string, timeoutMs: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(new SilenceError(`no connection to ${path} within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', reject);
    socket.once('connect', () => { clearTimeout(timer); socket.off('error', reject); resolve(wrap(socket)); });
    socket.once('close', () => clearTimeout(timer));
  });
}

function wrap(socket: Socket): Connection {
  const waiting: Waiting[] = [];
  let buffered: Buffer = Buffer.alloc(0);
  let closed = false;
  const fail = (error: Error): void => {
    closed = true;
    for (const w of waiting.splice(0)) { clearTimeout(w.timer); w.reject(error); }
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the engine closed the connection')));
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    let at = 0;
    for (;;) {
      const parsed = parseReply(buffered, at);
      if (!parsed) break;
      at = parsed.next;
      const w = waiting.shift();
      if (!w) continue;
      clearTimeout(w.timer);
      if (parsed.reply instanceof RespError) w.reject(parsed.reply); else w.resolve(parsed.reply);
    }
    buffered = buffered.subarray(at);
  });
  return {
    get closed() { return closed; },
    close() { closed = true; socket.destroy(); },
    command: (args, timeoutMs) => new Promise((resolve, reject) => {
      if (closed) { reject(new Error('the connection is closed')); return; }
      // replies come in order: after one is given up, none on this connection can be told apart any more
      const timer = setTimeout(() => socket.destroy(new SilenceError(`no answer within ${timeoutMs} ms`)), timeoutMs);
      waiting.push({ resolve, reject, timer });
      socket.write(encodeCommand(args));
    }),
  };
}

export const encodeCommand = (args: readonly string[]): string => `*${args.length}\r\n${args.map((a) => `$${Buffer.byteLength(a)}\r\n${a}\r\n`).join('')}`;

/** Undefined while the reply is not complete. */
export function parseReply(data: Buffer, from: number): { reply: Reply; next: number } | undefined {
  const end = data.indexOf('\r\n', from);
  if (end < 0) return undefined;
  const line = data.toString('utf8', from + 1, end);
  const next = end + 2;
  switch (data[from]) {
    case 0x2b: return { reply: line, next };
    case 0x2d: return { reply: new RespError(line), next };
    case 0x3a: return { reply: Number(line), next };
    case 0x24: {
      const length = Number(line);
      if (length < 0) return { reply: null, next };
      return data.length < next + length + 2 ? undefined : { reply: data.toString('utf8', next, next + length), next: next + length + 2 };
    }
    case 0x2a: return parseArray(data, Number(line), next);
    default: throw new Error('the engine sent something that is no RESP2 reply');
  }
}

function parseArray(data: Buffer, count: number, from: number): { reply: Reply; next: number } | undefined {
  if (count < 0) return { reply: null, next: from };
  const items: Reply[] = [];
  let next = from;
  for (let i = 0; i < count; i++) {
    const item = parseReply(data, next);
    if (!item) return undefined;
    items.push(item.reply);
    next = item.next;
  }
  return { reply: items, next };
}
