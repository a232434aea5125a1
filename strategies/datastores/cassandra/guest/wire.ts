/**
 * The few messages of CQL's protocol, version 4, that management needs: start, log in, ask. A general driver costs the
 * agent 28 MiB, keeps a pool and looks after a topology that a single node does not have.
 * https://cassandra.apache.org/doc/5.0/cassandra/reference/native-protocol.html
 */

const opcode = { error: 0x00, startup: 0x01, authenticate: 0x03, query: 0x07, result: 0x08, authResponse: 0x0f, authSuccess: 0x10, ready: 0x02 } as const;
export const opcodes = opcode;
const version = 0x04;
export const headerBytes = 9;
const flag = { warning: 0x08, tracing: 0x02, payload: 0x04 } as const;
const consistencyQuorum = 0x0004;
const kindRows = 2;
const metadata = { globalTable: 0x01, morePages: 0x02, noMetadata: 0x04 } as const;

export type Value = string | number | boolean | bigint | null | Value[] | Buffer;
export type Row = Record<string, Value>;

/** What the server says when it refuses: https://cassandra.apache.org/doc/5.0/cassandra/reference/native-protocol.html, section 9. */
export class CqlError extends Error {
  override readonly name = 'CqlError';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
export const errorCodes = { badCredentials: 0x0100, unavailable: 0x1000, overloaded: 0x1001, bootstrapping: 0x1002, writeTimeout: 0x1100, readTimeout: 0x1200, unauthorized: 0x2100, invalid: 0x2200, alreadyExists: 0x2400 } as const;

export interface Frame { stream: number; opcode: number; flags: number; body: Buffer }

/** Undefined while the frame is not complete. */
export function parseFrame(data: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (data.length < headerBytes) return undefined;
  const end = headerBytes + data.readInt32BE(5);
  if (data.length < end) return undefined;
  return { frame: { flags: data[1]!, stream: data.readInt16BE(2), opcode: data[4]!, body: data.subarray(headerBytes, end) }, rest: data.subarray(end) };
}

export function encodeFrame(stream: number, code: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(headerBytes);
  header[0] = version;
  header.writeInt16BE(stream, 2);
  header[4] = code;
  header.writeInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

const short = (value: number): Buffer => { const bytes = Buffer.alloc(2); bytes.writeUInt16BE(value); return bytes; };
const int = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
const text = (value: string): Buffer => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)]);
const long = (value: string): Buffer => Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);

export const startup = (stream: number): Buffer => encodeFrame(stream, opcode.startup, short(1), text('CQL_VERSION'), text('3.0.0'));
/** SASL PLAIN (RFC 4616). */
export const login = (stream: number, user: string, password: string): Buffer => encodeFrame(stream, opcode.authResponse, long(`\0${user}\0${password}`));
/** Every row at once: what management asks for is small. */
export function query(stream: number, statement: string, values: readonly string[]): Buffer {
  const bound = values.length === 0 ? [Buffer.from([0])] : [Buffer.from([1]), short(values.length), ...values.map(long)];
  return encodeFrame(stream, opcode.query, long(statement), short(consistencyQuorum), ...bound);
}

/** Rows of an answer, none where it has none; throws what the server refused with. */
export function readAnswer({ opcode: code, flags, body }: Frame): Row[] {
  const reader = createReader(body);
  if (flags & flag.tracing) reader.bytes(16);
  if (flags & flag.warning) for (let left = reader.short(); left > 0; left--) reader.text();
  if (code === opcode.error) throw new CqlError(reader.int(), reader.text());
  return code === opcode.result && reader.int() === kindRows ? readRows(reader) : [];
}

type Reader = ReturnType<typeof createReader>;
function createReader(data: Buffer) {
  let at = 0;
  const bytes = (size: number): Buffer => data.subarray(at, at += size);
  const int32 = (): number => bytes(4).readInt32BE();
  const short16 = (): number => bytes(2).readUInt16BE();
  return {
    bytes, int: int32, short: short16,
    text: () => bytes(short16()).toString('utf8'),
    value: () => { const size = int32(); return size < 0 ? null : bytes(size); },
  };
}

interface Type { id: number; element?: Type }

function readRows(reader: Reader): Row[] {
  const flags = reader.int();
  const count = reader.int();
  if (flags & metadata.morePages) reader.value();
  if (flags & metadata.noMetadata) throw new Error('the server left out what its rows consist of');
  const isGlobal = (flags & metadata.globalTable) !== 0;
  const skipTable = (): void => { reader.text(); reader.text(); };
  if (isGlobal) skipTable();
  const columns = Array.from({ length: count }, () => {
    if (!isGlobal) skipTable();
    return { name: reader.text(), type: readType(reader) };
  });
  return Array.from({ length: reader.int() }, () => Object.fromEntries(columns.map(({ name, type }) => [name, decode(type, reader.value())])));
}

function readType(reader: Reader): Type {
  const id = reader.short();
  if (id === typeId.map) return { id, element: (readType(reader), readType(reader)) };
  return id === typeId.list || id === typeId.set ? { id, element: readType(reader) } : { id };
}
const typeId = { ascii: 0x01, bigint: 0x02, boolean: 0x04, int: 0x09, varchar: 0x0d, list: 0x20, map: 0x21, set: 0x22 } as const;

/** A type that management does not ask for stays as its bytes. */
function decode({ id, element }: Type, data: Buffer | null): Value {
  if (data === null) return null;
  switch (id) {
    case typeId.ascii: case typeId.varchar: return data.toString('utf8');
    case typeId.boolean: return data[0] !== 0;
    case typeId.int: return data.readInt32BE();
    case typeId.bigint: return Number(data.readBigInt64BE());
    case typeId.list: case typeId.set: {
      const reader = createReader(data);
      return Array.from({ length: reader.int() }, () => decode(element!, reader.value()));
    }
    case typeId.map: {
      const reader = createReader(data);
      return Array.from({ length: reader.int() }, () => [(reader.value() ?? '').toString('utf8'), (reader.value() ?? '').toString('utf8')]);
    }
    default: return data;
  }
}
