/** A volume without a byte of room: what was refused is not done, and the engine still ends and comes back. */
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuestFault } from '../../../strategies/spi/guest.ts';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';
import { createRedisCli, type RedisCli } from './redis-cli.ts';

const volumeBytes = 16 * 1024 ** 2;
const stopMs = 10_000;
const login: Login = { user: 'app', password: 'a-long-password-1', database: null };
const grants = [{ database: null, privileges: [] }];

async function fill(path: string): Promise<void> {
  await using file = await open(path, 'w');
  for (let bytes = 65_536; bytes >= 1;) {
    const { bytesWritten } = await file.write(Buffer.alloc(bytes)).catch(() => ({ bytesWritten: 0 }));
    if (bytesWritten < bytes) bytes = Math.floor(bytes / 2);
  }
}

describe.runIf(process.getuid?.() === 0).each(['7', '8'])('redis %s on a full volume', (track) => {
  let harness: GuestHarness;
  let cli: RedisCli;
  const filler = (): string => join(dirname(harness.facts.paths.data), 'filler');
  const call: GuestHarness['call'] = (...args) => harness.call(...args);
  const namesOf = async (): Promise<string[]> => (await call('users.list', [])).map(({ name }) => name).sort();

  beforeAll(async () => {
    harness = await fixtureOf(track).createHarness({ volumeBytes });
    cli = createRedisCli(harness.facts);
    for (const method of ['initialise', 'start'] as const) await call(method, []);
    for (const name of [login.user, 'second']) await call('users.create', [{ name, password: login.password, grants }]);
    await cli.ask(login, 'set', 'kept', 'yes');
    expect(await cli.ask(login, 'waitaof', '1', '0', '5000').catch(() => '1')).toMatch(/^1/); // 7.0 has no such command
    await fill(filler());
  });
  afterAll(() => harness?.dispose());

  it('users are as they were after each change that could not be kept', async () => {
    const changes = [
      () => call('users.create', [{ name: 'third', password: 'a-long-password-3', grants }]), () => call('users.update', [{ name: 'app' }, { password: 'a-long-password-2' }]),
      () => call('users.update', [{ name: 'second' }, { name: 'other' }]), () => call('users.delete', [{ name: 'second' }]), () => call('grants.revoke', [{ name: 'app' }, [null]]), () => call('root.enable', ['a-long-password-4']),
    ];
    for (const change of changes) {
      const fault = await change().then(() => null, (error: unknown) => error);
      expect(fault).toBeInstanceOf(GuestFault);
      expect(fault).toMatchObject({ code: 'REFUSED', message: expect.stringContaining('could not be written to the volume') as string });
      expect(await namesOf()).toEqual(['app', 'second']);
    }
    expect(await call('root.isEnabled', [])).toBe(false);
    for (const user of ['app', 'second']) expect(await cli.ask({ ...login, user }, 'get', 'kept')).toBe('yes');
  });

  it('it ends when it is asked to, though no snapshot can be written, and comes back with all it had', async () => {
    await call('stop', ['orderly'], { timeoutMs: stopMs });
    expect(await harness.enginePids()).toEqual([]);
    await call('start', []);
    expect(await cli.ask(login, 'get', 'kept')).toBe('yes');
    await rm(filler());
    await call('users.create', [{ name: 'third', password: 'a-long-password-3', grants }]);
    expect(await namesOf()).toEqual(['app', 'second', 'third']);
  });
});
