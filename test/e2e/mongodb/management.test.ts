/** A server that takes connections and says nothing holds nobody for longer than they have time. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withManagement } from '../../../strategies/datastores/mongodb/guest/management.ts';
import { asMember } from '../../../strategies/datastores/mongodb/guest/member.ts';
import type { GuestContext } from '../../../strategies/spi/guest.ts';

/** Well below what a connection may take where there is time. */
const soonMs = 2_500;

describe.each([['the management account', withManagement], ['a member', asMember]])('a login as %s', (_who, login) => {
  let folder: string;
  let server: Server;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-silent-'));
    server = createServer((socket) => { sockets.push(socket.on('error', () => undefined)); }).listen(join(folder, 'mongod.sock'));
    await once(server, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const failAfterMs = async (signal: AbortSignal, timeMs: number): Promise<number> => {
    const began = Date.now();
    const ctx = { instanceId: 'i', managementSecret: 'x', signal, deadline: new Date(began + timeMs), paths: { run: folder, config: folder, data: folder }, engine: { own: async () => undefined } } as unknown as GuestContext;
    await expect(login(ctx, async () => undefined)).rejects.toMatchObject({ code: 'RETRYABLE' });
    return Date.now() - began;
  };

  it('ends with the call', async () => expect(await failAfterMs(AbortSignal.timeout(100), 60_000)).toBeLessThan(soonMs));
  it('ends with the time there is', async () => expect(await failAfterMs(new AbortController().signal, 0)).toBeLessThan(soonMs));
});
