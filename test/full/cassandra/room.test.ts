/** A volume without room for a start, on the real engine: what it refuses for good if it is tried all the same. */
import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness, StockClient } from '../../../strategies/conformance/index.ts';
import { GuestFault } from '../../../strategies/spi/guest.ts';
import { createStockClient } from '../../e2e/cassandra/driver.ts';
import { harnessOptions } from '../../e2e/cassandra/fixture.ts';

const volumeMb = 160;
const login = { user: 'anna', password: 'Room-password-1', database: 'app' };

/** A file system of its own takes root. */
describe.runIf(process.getuid?.() === 0)('a full volume', () => {
  let harness: GuestHarness;
  let client: StockClient;
  beforeAll(async () => {
    harness = await createProcessHarness({ ...harnessOptions(5), volumeBytes: volumeMb * 1024 ** 2 });
    for (const method of ['initialise', 'configure', 'start'] as const) await harness.call(method, []);
    client = createStockClient(harness.facts);
    await harness.call('databases.create', [{ name: 'app' }]);
    await harness.call('users.create', [{ name: login.user, password: login.password, grants: [{ database: 'app', privileges: [] }] }]);
    await client.write(login, 'kept', 'here');
  });
  afterAll(() => harness?.dispose());

  it('ends the server at a write, is no place for a start however often it is tried, and has all of its data once there is room', async () => {
    const { paths } = harness.facts;
    const filler = join(dirname(paths.data), 'filler');
    const commitLog = async (): Promise<string[]> => (await readdir(join(paths.data, 'commitlog'))).sort();
    expect(spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { encoding: 'utf8' }).stderr).toContain('No space left');
    const acknowledged: string[] = [];
    // What a segment has of the disk already is written still.
    for (let i = 0; (await harness.enginePids()).length > 0; i++) await client.write(login, `late-${i}`, 'x'.repeat(64_000)).then(() => acknowledged.push(`late-${i}`), () => undefined);
    const left = await commitLog();
    for (let i = 0; i < 3; i++) {
      const fault = await harness.call('start', []).then(() => null, (error: unknown) => error);
      expect(fault).toBeInstanceOf(GuestFault);
      expect(fault).toMatchObject({ code: 'FAILED_TO_START', message: expect.stringMatching(/^the volume is full: \d+ MB are free, .*enlarge the volume$/) });
      expect([await commitLog(), await harness.enginePids()]).toEqual([left, []]);
    }
    await rm(filler);
    await harness.call('start', []);
    for (const name of ['kept', ...acknowledged]) expect(await client.read(login, name), name).not.toBeNull();
    await client.write(login, 'after', 'there');
  });
});
