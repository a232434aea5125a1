import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listeningSockets } from '../../../strategies/conformance/sockets.ts';

describe('listening sockets', () => {
  it('of this very process are found', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await listeningSockets([process.pid])).tcp).toContainEqual({ address: '127.0.0.1', port });
    server.close();
    expect((await listeningSockets([process.pid])).tcp).not.toContainEqual({ address: '127.0.0.1', port });
  });
});
