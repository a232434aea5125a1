/** A gateway process that cannot come up completely is of no use: it ends, for its supervisor to start it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-ports.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const entry = join(import.meta.dirname, '../../../gateway/main.ts');
const held: Server[] = [];
const children: ChildProcess[] = [];
let postgres: TestPostgres;
let home: string;
beforeAll(async () => {
  postgres = await startTestPostgres();
  home = await mkdtemp(join(tmpdir(), 'coffer-gateway-'));
  await mkdir(join(home, 'control'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of held) server.close();
  await postgres.stop();
  await rm(home, { recursive: true });
});

const listen = (): Promise<Server> => new Promise((resolve) => { const server = createServer().listen(0, '127.0.0.1', () => resolve(server)); });
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
async function takenPort(): Promise<string> {
  const server = await listen();
  held.push(server);
  return String(portOf(server));
}

describe('a gateway', () => {
  it('whose conductor port is taken says so and ends', { timeout: 60_000 }, async () => {
    const env = {
      PATH: process.env['PATH'], COFFER_HOME: home, DATABASE_URL: await postgres.createDatabase(), COFFER_ROLES: 'api,conductor', COFFER_LOG_LEVEL: 'info', COFFER_SECRET_KEY: '07'.repeat(32),
      COFFER_PORT: String(await freePort()), COFFER_CONDUCTOR_PORT: await takenPort(), COFFER_ENROL_PORT: String(await freePort()), COFFER_ENGINE_PORTS: '1024-1025',
    };
    const child = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    const code = await new Promise((resolve) => { child.once('exit', resolve); });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/could not start completely.*EADDRINUSE/s) as string });
  });
});
