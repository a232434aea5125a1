/** A server of a few lines that says what it is told to say, and when: what no real one does on demand. */
import { type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { encodeFrame, opcodes, parseFrame } from '../../../strategies/datastores/cassandra/guest/wire.ts';

export interface FakeServer {
  /** every statement, in the order of arrival */
  readonly statements: string[];
  /** connections so far */
  readonly connections: number;
  /** opens it again at the same port after `close` */
  listen(): Promise<number>;
  close(): Promise<void>;
}

type Cell = string | boolean | null | string[];
export type Row = Record<string, Cell>;
export type Answer = (statement: string) => Row[] | Promise<Row[]>;

/** `answer`: rows for a statement. Values of a question stay unseen. */
export function createFakeServer(identity: { key: string; certificate: string }, answer: Answer): FakeServer {
  const [statements, sockets]: [string[], Set<TLSSocket>] = [[], new Set()];
  let [connections, port] = [0, 0];
  const server: Server = createServer({ key: identity.key, cert: identity.certificate }, (socket) => {
    connections++;
    sockets.add(socket);
    let data: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket)).on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      for (let found = parseFrame(data); found; found = parseFrame(data)) {
        data = found.rest;
        void reply(socket, found.frame.opcode, found.frame.body);
      }
    });
  });
  const reply = async (socket: TLSSocket, code: number, body: Buffer): Promise<void> => {
    if (code === opcodes.startup) { socket.write(encodeFrame(1, opcodes.authenticate, text('PasswordAuthenticator'))); return; }
    if (code === opcodes.authResponse) { socket.write(encodeFrame(1, opcodes.authSuccess, int(-1))); return; }
    const statement = body.subarray(4, 4 + body.readInt32BE(0)).toString();
    statements.push(statement);
    const rows = await answer(statement);
    socket.write(encodeFrame(1, opcodes.result, ...(rows.length === 0 ? [int(1)] : encodeRows(rows))));
  };
  return {
    statements,
    get connections() { return connections; },
    listen: () => new Promise((resolve) => {
      server.listen(port, '127.0.0.1', () => {
        ({ port } = server.address() as AddressInfo);
        resolve(port);
      });
    }),
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

const short = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const int = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
const text = (value: string): Buffer => Buffer.concat([short(Buffer.byteLength(value)), Buffer.from(value)]);
const value = (bytes: Buffer): Buffer => Buffer.concat([int(bytes.length), bytes]);

const types = { string: 0x0d, boolean: 0x04 } as const;
/** Texts and truths; a list is one of texts. */
function encodeRows(rows: readonly Row[]): Buffer[] {
  const columns = Object.entries(rows[0]!);
  const cell = (content: Cell): Buffer => {
    if (content === null) return int(-1);
    if (Array.isArray(content)) return value(Buffer.concat([int(content.length), ...content.map((one) => value(Buffer.from(one)))]));
    return value(typeof content === 'boolean' ? Buffer.from([Number(content)]) : Buffer.from(content));
  };
  return [
    int(2), int(1), int(columns.length), text('ks'), text('t'),
    ...columns.flatMap(([name, content]) => [text(name), ...(Array.isArray(content) ? [short(0x22), short(0x0d)] : [short(types[typeof content === 'boolean' ? 'boolean' : 'string'])])]),
    int(rows.length), ...rows.flatMap((row) => Object.values(row).map(cell)),
  ];
}
