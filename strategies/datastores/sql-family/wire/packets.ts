/**
 * The client/server protocol's packets, read and written. Pure. A general driver costs the agent 24 MiB (measured), while
 * it needs no more than a login and statements as text.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html
 */
export const flags = {
  longPassword: 0x1, connectWithDatabase: 0x8, protocol41: 0x200, tls: 0x800, transactions: 0x2000, secureConnection: 0x8000, pluginAuth: 0x8_0000,
} as const;
/** utf8mb4_general_ci: known to every version */
const charset = 45;
const maxPacketBytes = 0xff_ffff;

/** Refused by the server, with its own number: https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly number: number;
  readonly state: string;
  constructor(number: number, state: string, message: string) {
    super(message);
    this.number = number;
    this.state = state;
  }
}

export function frame(sequence: number, payload: Buffer): Buffer {
  if (payload.length >= maxPacketBytes) throw new Error('a statement of more than 16 MiB is not sent');
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence & 0xff;
  return Buffer.concat([head, payload]);
}

/** The first whole packet; undefined while there is none. */
export function takePacket(data: Buffer): { sequence: number; payload: Buffer; rest: Buffer } | undefined {
  if (data.length < 4) return undefined;
  const length = data.readUIntLE(0, 3);
  if (length === maxPacketBytes) throw new Error('the server sent a row of more than 16 MiB');
  if (data.length < 4 + length) return undefined;
  return { sequence: data[3] ?? 0, payload: data.subarray(4, 4 + length), rest: data.subarray(4 + length) };
}

export interface Greeting { version: string; connectionId: number; capabilities: number; nonce: Buffer; plugin: string }

export function readGreeting(packet: Buffer): Greeting {
  if (packet[0] === 0xff) throw readError(packet);
  if (packet[0] !== 10) throw new Error('this is not a server of this protocol');
  const versionEnd = packet.indexOf(0, 1);
  let at = versionEnd + 1;
  const connectionId = packet.readUInt32LE(at);
  const first = packet.subarray(at + 4, at + 12);
  at += 13;
  const capabilities = packet.readUInt16LE(at) | (packet.readUInt16LE(at + 5) << 16);
  const nonceBytes = packet[at + 7] ?? 0;
  at += 18;
  const second = packet.subarray(at, at + Math.max(13, nonceBytes - 8));
  at += second.length;
  return { version: packet.toString('latin1', 1, versionEnd), connectionId, capabilities, nonce: Buffer.concat([first, second]).subarray(0, 20), plugin: textUntilNull(packet, at) };
}

function clientHead(capabilities: number): Buffer {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities >>> 0, 0);
  head.writeUInt32LE(maxPacketBytes, 4);
  head[8] = charset;
  return head;
}
const ownFlags = flags.longPassword | flags.protocol41 | flags.transactions | flags.secureConnection | flags.pluginAuth;

const flagsFor = (hasDatabase: boolean): number => ownFlags | (hasDatabase ? flags.connectWithDatabase : 0);

/** Asks to go on over TLS, before anything about the user is said. The server goes by these flags, not by the login's. */
export const tlsRequest = (hasDatabase: boolean): Buffer => clientHead(flagsFor(hasDatabase) | flags.tls);

export function loginRequest(login: { user: string; database: string | null; proof: Buffer; plugin: string; isEncrypted: boolean }): Buffer {
  const capabilities = flagsFor(login.database !== null) | (login.isEncrypted ? flags.tls : 0);
  const text = (value: string): Buffer => Buffer.from(`${value}\0`, 'utf8');
  return Buffer.concat([
    clientHead(capabilities), text(login.user), Buffer.from([login.proof.length]), login.proof,
    ...(login.database === null ? [] : [text(login.database)]), text(login.plugin),
  ]);
}

const textUntilNull = (packet: Buffer, from: number): string => {
  const end = packet.indexOf(0, from);
  return packet.toString('latin1', from, end < 0 ? packet.length : end);
};

/** "Log in by another method": its name and a fresh nonce. */
export function readAuthSwitch(packet: Buffer): { plugin: string; nonce: Buffer } {
  const plugin = textUntilNull(packet, 1);
  const at = 1 + Buffer.byteLength(plugin) + 1;
  return { plugin, nonce: packet.subarray(at, at + 20) };
}

export function readError(packet: Buffer): SqlError {
  const number = packet.readUInt16LE(1);
  const hasState = packet[3] === 0x23;
  return new SqlError(number, hasState ? packet.toString('latin1', 4, 9) : 'HY000', packet.toString('utf8', hasState ? 9 : 3));
}

export const isError = (packet: Buffer): boolean => packet[0] === 0xff;
export const isEnd = (packet: Buffer): boolean => packet[0] === 0xfe && packet.length < 9;

/** A length-encoded integer. */
export function readLength(packet: Buffer, at: number): { value: number; next: number } {
  const first = packet[at] ?? 0;
  if (first < 0xfb) return { value: first, next: at + 1 };
  if (first === 0xfc) return { value: packet.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { value: packet.readUIntLE(at + 1, 3), next: at + 4 };
  return { value: Number(packet.readBigUInt64LE(at + 1)), next: at + 9 };
}

/** The name of a column definition: the fifth of its texts. */
export function readColumnName(packet: Buffer): string {
  let at = 0;
  for (let skipped = 0; skipped < 4; skipped++) {
    const { value, next } = readLength(packet, at);
    at = next + value;
  }
  const { value, next } = readLength(packet, at);
  return packet.toString('utf8', next, next + value);
}

export type Row = Record<string, string | null>;

export function readRow(packet: Buffer, columns: readonly string[]): Row {
  const row: Row = {};
  let at = 0;
  for (const column of columns) {
    if (packet[at] === 0xfb) {
      row[column] = null;
      at += 1;
      continue;
    }
    const { value, next } = readLength(packet, at);
    row[column] = packet.toString('utf8', next, next + value);
    at = next + value;
  }
  return row;
}
