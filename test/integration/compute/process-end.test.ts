import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { identityOf, isAlive, kill } from '../../../compute/processes/proc.ts';
import { freePort } from '../../support/free-ports.ts';

/** Its first thread ends at once when it is killed; the others hold the port until they have let go of their memory. */
const listener = (port: number): string => `
  const { Worker } = require('node:worker_threads');
  for (let n = 0; n < 3; n++) new Worker('Buffer.alloc(5e7, 1); setInterval(() => {}, 1e3)', { eval: true });
  require('node:net').createServer().listen(${port}, '127.0.0.1', () => setTimeout(() => console.log('up'), 50));`;
const listens = (port: number): Promise<string> => new Promise((resolve) => {
  const server = createServer().once('error', ({ message }) => resolve(message)).listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve('free')));
});

it('a killed process counts as gone when all its threads are, and its port is free then', async () => {
  for (let round = 0; round < 10; round++) {
    const port = await freePort();
    const child = spawn(process.execPath, ['-e', listener(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const identity = identityOf(child.pid!)!;
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    kill(identity.pid, 'SIGKILL');
    while (isAlive(identity));
    expect(await listens(port)).toBe('free');
    await exit;
  }
});
