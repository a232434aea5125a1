/** A tenant that fills the disk: its own engine is stopped in time, and the store and the neighbours never notice. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, psql, redisCli, remove, show, succeed, until } from '../support/actions.ts';
import { enginesFolder, type Installation, startInstallation } from '../support/installation.ts';
import { expectGone } from './matrix/checks.ts';

const diskMb = 6_144;
/** Somebody else's, gone later. */
const ballastMb = 2_048;
const reserveGb = 1;
const fillTimeoutMs = 150_000;

const run = (command: string, ...args: string[]): void => {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
};
const canMount = (): boolean => process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

describe.runIf(canMount())('a host whose disk a tenant fills', () => {
  let folder: string;
  let coffer: Installation;
  let filler: { id: string; passwords: Record<string, string> };
  let neighbour: { id: string; passwords: Record<string, string> };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-small-disk-'));
    run('chmod', '755', folder);
    run('truncate', '-s', `${diskMb}M`, join(folder, 'disk.img'));
    run('mkfs.ext4', '-q', '-m', '0', join(folder, 'disk.img'));
    await mkdir(join(folder, 'disk'));
    run('mount', '-o', 'loop', join(folder, 'disk.img'), join(folder, 'disk'));
    await mkdir(join(folder, 'disk/home'));
    coffer = await startInstallation({ home: join(folder, 'disk/home'), env: { COFFER_DISK_RESERVE_GB: String(reserveGb) } });
    const made = await Promise.all([
      create(coffer.client, { name: 'filler', datastore: 'postgresql', version: '17', databases: [{ name: 'big' }], users: [{ name: 'app', databases: ['big'] }] }),
      create(coffer.client, { name: 'neighbour', datastore: 'redis', version: '8', users: [{ name: 'app' }] }),
    ]);
    for (const { operationId } of made) await succeed(coffer.client, operationId);
    [filler, neighbour] = made as [typeof filler, typeof neighbour];
    run('fallocate', '-l', `${ballastMb}M`, join(folder, 'disk/ballast'));
  });
  afterAll(async () => {
    try {
      await coffer?.remove();
    } finally {
      spawnSync('umount', ['-l', join(folder, 'disk')]);
      await rm(folder, { recursive: true, force: true });
    }
  });
  const freeBytes = async (): Promise<number> => { const { bavail, bsize } = await statfs(join(folder, 'disk')); return bavail * bsize; };
  const askNeighbour = async (...command: string[]): Promise<string> => redisCli(enginesFolder, await show(coffer.client, neighbour.id), { user: 'app', password: neighbour.passwords['app']! }, ...command);
  const gatewayIsReady = (): Promise<boolean> => fetch(coffer.url.replace('/graphql', '/readyz')).then((answer) => answer.ok, () => false);

  it('stops the one engine that is far beyond its volume, with the reason told, and everybody else works on', async () => {
    const instance = await show(coffer.client, filler.id);
    let unready = 0;
    let refused = 0;
    const watching = setInterval(() => {
      void gatewayIsReady().then((ok) => { if (!ok) unready += 1; });
      void askNeighbour('set', 'still', 'here').catch(() => { refused += 1; });
    }, 500);
    // As a tenant fills a disk: rows, and rows, until the server goes away.
    const filling = psql(enginesFolder, instance, { user: 'app', password: filler.passwords['app']!, database: 'big' }, `do $$ begin
      create table rows_and_rows (t text); alter table rows_and_rows alter t set storage plain;
      for n in 1 .. 2000 loop insert into rows_and_rows select repeat(md5(g::text), 60) from generate_series(1, 2000) g; commit; end loop; end $$`, fillTimeoutMs)
      .then(() => 'filled', (error: Error) => error.message);
    const stopped = await until(coffer.client, filler.id, (seen) => seen.status !== 'ACTIVE', fillTimeoutMs);
    expect(await filling).toMatch(/server closed|terminat|shut|connection|No space/i);
    clearInterval(watching);
    expect(stopped.status).not.toBe('ERROR');
    const told = await until(coffer.client, filler.id, (seen) => seen.conditions.some((condition: any) => /full/i.test(condition.message)), 30_000);
    expect(told.status).not.toBe('ACTIVE');
    expect([unready, refused]).toEqual([0, 0]);
    expect(await freeBytes()).toBeGreaterThan(100 * 1024 ** 2);
  });

  it('takes mutations and serves the neighbour all the while', async () => {
    expect(await askNeighbour('set', 'after', 'yes')).toBe('OK');
    expect(await askNeighbour('waitaof', '1', '0', '5000')).toMatch(/^1/);
    const { updateInstance } = await coffer.client.query('mutation($input: UpdateInstanceInput!) { updateInstance(input: $input) { __typename } }', { input: { instanceId: neighbour.id, tags: [{ key: 'disk', value: 'full' }] } });
    expect(updateInstance.__typename).toBe('UpdateInstancePayload');
    const { createInstance } = await coffer.client.query('mutation($input: CreateInstanceInput!) { createInstance(input: $input) { __typename ... on Error { code } } }', { input: { name: 'third', datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1 } } });
    expect(createInstance).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_DISK' });
  });

  it('starts it again when there is room', async () => {
    expect((await show(coffer.client, filler.id)).status).not.toBe('ACTIVE');
    await rm(join(folder, 'disk/ballast'));
    await until(coffer.client, filler.id, (seen) => seen.status === 'ACTIVE', 60_000);
    expect(await psql(enginesFolder, await show(coffer.client, filler.id), { user: 'app', password: filler.passwords['app']!, database: 'big' }, 'select exists (select from rows_and_rows)')).toBe('t');
  });

  it('gives everything back when the offender is deleted', async () => {
    await remove(coffer.client, filler.id);
    await expectGone({ coffer }, filler.id);
    expect(await freeBytes()).toBeGreaterThan(reserveGb * 1024 ** 3);
    // So deep a home has no room for sockets: what stands in for its run folder is not below it, and goes with the instance.
    await remove(coffer.client, neighbour.id);
    await expectGone({ coffer }, neighbour.id);
  });
});
