/** What the proof that a server refuses may rest on. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isClosedWithoutTls } from '../../../strategies/datastores/mongodb/client.ts';
import { encodeMessage } from '../../../strategies/datastores/mongodb/connection.ts';

const never = new AbortController().signal;

describe('a connection without TLS', () => {
  let server: Server | undefined;
  const sockets: Socket[] = [];
  const serve = async (take: (socket: Socket) => void): Promise<{ host: string; port: number }> => {
    server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.once('data', () => take(socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  };
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    if (server?.listening) await once(server.close(), 'close');
  });

  it('that the server ends is refused', async () => {
    expect(await isClosedWithoutTls(await serve((socket) => socket.end()), never)).toBe(true);
    server?.close();
    expect(await isClosedWithoutTls(await serve((socket) => socket.resetAndDestroy()), never)).toBe(true);
  });
  it('that is answered is none, whatever the answer', async () => {
    expect(await isClosedWithoutTls(await serve((socket) => socket.write(encodeMessage(1, { ok: 0, code: 13 }))), never)).toBe(false);
  });
  it('that is neither answered nor ended proves nothing, and does not outlive its caller', async () => {
    const caller = new AbortController();
    const target = await serve(() => caller.abort());
    await expect(isClosedWithoutTls(target, caller.signal)).rejects.toThrow(/neither an answer nor an end/);
    await expect(isClosedWithoutTls(target, caller.signal)).rejects.toThrow(/abort/);
  });
  it('that is not made proves nothing', async () => {
    const target = await serve(() => undefined);
    await once(server!.close(), 'close');
    await expect(isClosedWithoutTls(target, never)).rejects.toThrow(/ECONNREFUSED/);
  });
});
