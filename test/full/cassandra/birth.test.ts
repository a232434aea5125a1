/** The well-known superuser of this engine never exists: not while it boots for the first time, not when its roles are lost. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import cassandra from 'cassandra-driver';
import { describe, expect, it } from 'vitest';
import { GuestFault } from '../../../strategies/spi/guest.ts';
import { password, useServer } from '../../e2e/cassandra/server.ts';

describe('an instance', () => {
  const server = useServer(3, { isStarted: false });
  const wellKnown = { user: 'cassandra', password: 'cassandra', database: null };
  /** Who is let in while something goes on; how often the server was there to refuse. */
  async function during(work: Promise<unknown>): Promise<{ entered: number; refused: number }> {
    let isOver = false;
    const seen = { entered: 0, refused: 0 };
    const settled = work.catch(() => undefined).finally(() => { isOver = true; });
    const look = (): Promise<void> => server.driver.ask(wellKnown, 'select role from system_auth.roles')
      .then(() => { seen.entered++; }, (error: unknown) => { if (error instanceof cassandra.errors.AuthenticationError) seen.refused++; });
    while (!isOver) await look();
    await settled;
    for (let i = 0; i < 5; i++) await look();
    return seen;
  }

  it('is born with the one role of management', async () => {
    await server.harness.call('initialise', []);
    const { entered, refused } = await during(server.harness.call('start', []));
    expect(entered).toBe(0);
    expect(refused).toBeGreaterThan(0);
    expect((await server.driver.ask(server.management, 'select role from system_auth.roles')).map((row) => String(row['role']))).toEqual(['coffer']);
  });

  it('tells of a lost management account, and is repaired with its data', async () => {
    await server.harness.call('databases.create', [{ name: 'shop' }]);
    await server.user('keeper');
    await server.ask('keeper', 'create table shop.kept (a int primary key)');
    await server.ask('keeper', 'insert into shop.kept (a) values (1)');
    // What only a superuser could do, by a second one made for it.
    await server.driver.ask(server.management, `create role second with superuser = true and login = true and password = '${password}'`);
    for (const damage of [`alter role coffer with password = 'x' and superuser = false`, 'drop role coffer']) {
      await server.ask('second', damage);
      await expect.poll(async () => (await server.harness.call('probe', [])).managementLost, { timeout: 5_000, message: damage }).toBe(true);
      await server.harness.call('repair', []);
      expect(await server.harness.call('probe', []), damage).toMatchObject({ state: 'ok', managementLost: false });
      expect(await server.driver.ask(server.management, `select is_superuser, can_login from system_auth.roles where role = 'coffer'`)).toMatchObject([{ is_superuser: true, can_login: true }]);
    }
    await server.driver.ask(server.management, 'drop role second');
    expect((await server.ask('keeper', 'select a from shop.kept')).map((row) => Number(row['a']))).toEqual([1]);
  }, 400_000);

  it('without any role lets nobody in, and is repaired', async () => {
    await server.harness.call('stop', ['orderly']);
    const auth = join(server.harness.facts.paths.data, 'tables', 'system_auth');
    for (const folder of (await readdir(auth)).filter((name) => name.startsWith('roles-'))) await rm(join(auth, folder), { recursive: true });
    const start = server.harness.call('start', []);
    const fault = start.catch((error: unknown) => error);
    const { entered, refused } = await during(start);
    expect(await fault).toBeInstanceOf(GuestFault);
    expect([entered, refused > 0]).toEqual([0, true]);
    await server.harness.call('repair', []);
    expect(await server.harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    expect((await server.driver.ask(server.management, 'select role from system_auth.roles')).map((row) => String(row['role']))).toEqual(['coffer']);
  });
});
