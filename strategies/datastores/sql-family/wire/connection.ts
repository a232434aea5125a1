/** One connection: log in over a unix socket or TLS, then one statement after the other. */
import { connect, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { frame, isEnd, isError, loginRequest, readAuthSwitch, readColumnName, readError, readGreeting, readLength, readRow, type Row, takePacket, tlsRequest, flags } from './packets.ts';
import { proofOf } from './proof.ts';

/** The server took the connection or the statement and says nothing. */
export class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

export type Place =
  | { socketPath: string }
  /** `ca: null` talks without TLS, to see it refused */
  | { host: string; port: number; ca: string | null };
export interface LoginSpec { user: string; password: string; database: string | null }

export interface Connection {
  readonly id: number;
  readonly isClosed: boolean;
  /** Rows as texts; rejects with SqlError when the server refuses, with SilenceError when the time is up. */
  query(text: string, timeoutMs: number): Promise<Row[]>;
  close(): void;
}

/** Packets in their order, over a socket that may be exchanged for TLS. */
class Channel {
  socket: Socket;
  #data: Buffer = Buffer.alloc(0);
  #sequence = 0;
  #waiting: { resolve(packet: Buffer): void; reject(error: Error): void } | null = null;
  #packets: Buffer[] = [];
  #failure: Error | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }
  #listen(): void {
    this.socket.on('data', this.#onData).on('error', this.#fail).on('close', this.#onClose);
  }
  #onData = (chunk: Buffer): void => {
    this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
    try {
      for (let packet = takePacket(this.#data); packet; packet = takePacket(this.#data)) {
        this.#data = packet.rest;
        this.#sequence = packet.sequence + 1;
        this.#packets.push(packet.payload);
      }
    } catch (error) {
      this.socket.destroy(error as Error);
    }
    this.#deliver();
  };
  #onClose = (): void => this.#fail(new Error('the server closed the connection'));
  #fail = (error: Error): void => {
    this.#failure ??= error;
    this.#deliver();
  };
  #deliver(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const packet = this.#packets.shift();
    if (packet === undefined && this.#failure === null) return;
    this.#waiting = null;
    if (packet !== undefined) waiting.resolve(packet);
    else if (this.#failure) waiting.reject(this.#failure);
  }
  get isClosed(): boolean { return this.#failure !== null || this.socket.destroyed; }
  next(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#deliver();
    });
  }
  send(payload: Buffer, startsOver = false): void {
    if (startsOver) this.#sequence = 0;
    this.socket.write(frame(this.#sequence, payload));
  }
  /** `ca: null` looks at the certificate without judging it. */
  async encrypt(host: string, ca: string | null, hasDatabase: boolean): Promise<void> {
    this.send(tlsRequest(hasDatabase));
    const plain = this.socket.off('data', this.#onData).off('close', this.#onClose).off('error', this.#fail);
    this.#sequence++;
    this.socket = await secure(plain, host, ca);
    this.#listen();
  }
}

/** Node checks names against `servername`, which cannot be an address; this check takes both. */
const secure = (plain: Socket, host: string, ca: string | null): Promise<TLSSocket> => new Promise((resolve, reject) => {
  const trust = ca === null ? { rejectUnauthorized: false } : { ca, checkServerIdentity: (_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) => checkServerIdentity(host, certificate) };
  const socket = connectTls({ socket: plain, minVersion: 'TLSv1.2', ...trust }, () => resolve(socket));
  socket.once('error', reject);
  plain.once('close', () => reject(new Error('the server closed the connection during the TLS handshake')));
});

/** The certificate a new connection is shown, whoever signed it. */
export async function presentedCertificate(place: { host: string; port: number }, timeoutMs: number): Promise<{ serialNumber: string; fingerprint256: string } | null> {
  const channel = await openChannel({ ...place, ca: null }, timeoutMs);
  try {
    await withinTime(channel, timeoutMs, async () => {
      readGreeting(await channel.next());
      await channel.encrypt(place.host, null, false);
    });
    const shown = (channel.socket as TLSSocket).getPeerX509Certificate();
    return shown ? { serialNumber: shown.serialNumber, fingerprint256: shown.fingerprint256 } : null;
  } finally {
    channel.socket.destroy();
  }
}

export async function openConnection(place: Place, login: LoginSpec, timeoutMs: number): Promise<Connection> {
  const channel = await openChannel(place, timeoutMs);
  try {
    const id = await withinTime(channel, timeoutMs, () => logIn(channel, place, login));
    return wrap(channel, id);
  } catch (error) {
    channel.socket.destroy();
    throw error;
  }
}

function openChannel(place: Place, timeoutMs: number): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const socket = 'socketPath' in place ? connect(place.socketPath) : connect({ host: place.host, port: place.port });
    const channel = new Channel(socket);
    const timer = setTimeout(() => socket.destroy(new SilenceError(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', reject).once('close', () => clearTimeout(timer));
    socket.once('connect', () => { clearTimeout(timer); socket.off('error', reject); resolve(channel); });
  });
}

async function withinTime<T>(channel: Channel, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => channel.socket.destroy(new SilenceError(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

async function logIn(channel: Channel, place: Place, login: LoginSpec): Promise<number> {
  const greeting = readGreeting(await channel.next());
  const isEncrypted = 'host' in place && place.ca !== null;
  if (isEncrypted) {
    if ((greeting.capabilities & flags.tls) === 0) throw new Error('the server does not offer TLS');
    await channel.encrypt(place.host, place.ca, login.database !== null);
  }
  /** Where nobody listens in: the password itself may be sent when the server asks for it. */
  const isPrivate = isEncrypted || 'socketPath' in place;
  let plugin = greeting.plugin;
  const first = proofOf(plugin, login.password, greeting.nonce, isPrivate);
  channel.send(loginRequest({ user: login.user, database: login.database, proof: first ?? Buffer.alloc(0), plugin, isEncrypted }));
  for (;;) {
    const packet = await channel.next();
    if (packet[0] === 0x00) return greeting.connectionId;
    if (isError(packet)) throw readError(packet);
    if (packet[0] === 0xfe) {
      const wanted = readAuthSwitch(packet);
      plugin = wanted.plugin;
      const proof = proofOf(plugin, login.password, wanted.nonce, isPrivate);
      if (proof === null) throw new Error(`the server asks for a login by ${plugin}, which is not used here`);
      channel.send(proof);
    } else if (packet[0] === 0x01 && packet[1] === 0x04) {
      if (!isPrivate) throw new Error('the server asks for the password itself on a connection that is not private');
      channel.send(Buffer.from(`${login.password}\0`, 'utf8'));
    } else if (packet[0] !== 0x01) {
      throw new Error('the server answered the login with something unknown');
    }
  }
}

const comQuery = 0x03;
const comQuit = 0x01;

function wrap(channel: Channel, id: number): Connection {
  let last: Promise<unknown> = Promise.resolve();
  const ask = (text: string, timeoutMs: number): Promise<Row[]> => withinTime(channel, timeoutMs, () => {
    channel.send(Buffer.concat([Buffer.from([comQuery]), Buffer.from(text, 'utf8')]), true);
    return readResult(channel);
  });
  return {
    id,
    get isClosed() { return channel.isClosed; },
    query(text, timeoutMs) {
      const turn = last.then(() => ask(text, timeoutMs));
      last = turn.catch(() => undefined);
      return turn;
    },
    close() {
      if (!channel.isClosed) channel.send(Buffer.from([comQuit]), true);
      channel.socket.destroySoon();
    },
  };
}

async function readResult(channel: Channel): Promise<Row[]> {
  const head = await channel.next();
  if (isError(head)) throw readError(head);
  if (head[0] === 0x00) return [];
  if (head[0] === 0xfb) throw new Error('the server asks for a file, which it does not get');
  const columns: string[] = [];
  for (let left = readLength(head, 0).value; left > 0; left--) columns.push(readColumnName(await channel.next()));
  await channel.next();
  const rows: Row[] = [];
  for (;;) {
    const packet = await channel.next();
    if (isError(packet)) throw readError(packet);
    if (isEnd(packet)) return rows;
    rows.push(readRow(packet, columns));
  }
}
