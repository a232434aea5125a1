/** Why the first start failed: the server's refusal, or its own end. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../strategies/datastores/mongodb/connection.ts';
import { initialise } from '../../../strategies/datastores/mongodb/guest/initialise.ts';
import type { GuestContext, ToolResult, ToolSpec } from '../../../strategies/spi/guest.ts';

const killed = 128;

/** A server that answers every command with `answer`, or ends when there is none. */
async function runServer(tool: ToolSpec, answer: object | null, kill: Promise<void>): Promise<ToolResult> {
  const { net } = JSON.parse(await readFile(tool.args[1]!, 'utf8')) as { net: { bindIp: string } };
  const server = createServer().listen(net.bindIp);
  const end = new Promise<number>((resolve) => {
    server.on('connection', (socket) => socket.on('data', (command: Buffer) => {
      if (answer === null) { socket.destroy(); setTimeout(() => resolve(14), 20); return; }
      const message = encodeMessage(1, answer);
      message.writeInt32LE(command.readInt32LE(4), 8);
      socket.write(message);
    }));
    void kill.then(() => resolve(killed));
  });
  const exitCode = await end;
  server.close();
  return { exitCode, stdout: '{"s":"F","msg":"Fatal assertion"}', stderr: '' };
}

describe('a first start that fails', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-first-'));
    for (const name of ['config', 'run']) await mkdir(join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const failureOf = async (answer: object | null): Promise<unknown> => {
    const kill = Promise.withResolvers<void>();
    let isRunning = false;
    const engine = {
      run: (tool: ToolSpec) => { isRunning = true; return runServer(tool, answer, kill.promise); },
      killLeftovers: async () => { if (isRunning) kill.resolve(); },
      own: async () => undefined,
    };
    const ctx = {
      instanceId: 'i', managementSecret: 'x', sizing: {}, engine, signal: new AbortController().signal, deadline: new Date(Date.now() + 10_000), progress: () => undefined,
      paths: { data: join(folder, 'data'), config: join(folder, 'config'), run: join(folder, 'run'), logs: folder, tls: folder, prefix: folder, bin: folder },
      network: { bind: '127.0.0.1', advertise: '127.0.0.1', ports: { mongodb: 1 } },
    } as unknown as GuestContext;
    return initialise(ctx).then(() => null, (error: unknown) => error);
  };

  it('because the server refuses says what it refused, not that it was ended for that', async () => {
    expect(await failureOf({ ok: 0, code: 2, errmsg: 'no such action' })).toMatchObject({ code: 'FAILED', message: 'the server refused: no such action' });
    expect(await failureOf({ ok: 0, code: 91, errmsg: 'in shutdown' })).toMatchObject({ code: 'RETRYABLE', message: expect.stringContaining('in shutdown') });
  });
  it('because the server ended says with what', async () => {
    expect(await failureOf(null)).toMatchObject({ code: 'FAILED', message: 'the first start ended with code 14: Fatal assertion' });
  });
});
