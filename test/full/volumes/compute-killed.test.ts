/** The compute role is killed while a volume grows: what comes up again ends the growth, and everybody agrees on the size. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, endOf, enginePid, redisCli, remove, show, succeed, until } from '../../support/actions.ts';
import { createFaults, type Faults } from '../../support/faults.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';
import { enginesFolder, type Installation, startInstallation } from '../../support/installation.ts';

const gib = 1024 ** 3;
/** XFS's own of the image. */
const share = 0.9;
const RESIZE = 'mutation($input: ResizeVolumeInput!) { resizeVolume(input: $input) { __typename ... on ResizeVolumePayload { operation { id } } ... on Error { code message } } }';
/** In the order of the work: an image that has grown and its device, then the file system, have not; then the records one after the other. */
const ofLoop = ['volume:grow:inside:1', 'volume:grow:inside:2', 'volume:grow:inside:3', 'volume:grow:after:1'];
const ofGuest = ['compute:change-guest:before:1', 'compute:change-guest:inside:1', 'compute:change-guest:inside:2', 'compute:change-guest:after:1'];

let [coffer, faults]: [Installation?, Faults?] = [];
beforeAll(async () => {
  faults = await createFaults();
  coffer = await startInstallation({ env: { ...faults.env, COFFER_DISK_RESERVE_GB: '0' } });
});
afterAll(async () => {
  await coffer?.remove();
  await faults?.remove();
});

describe.each([['directory', ofGuest], ['loop', [...ofLoop, ...ofGuest]]] as const)('a volume of type %s', (type, points) => {
  it.skipIf(type === 'loop' && noLoop !== null)('grows to what was asked for, wherever compute was killed, and loses nothing', async () => {
    const { client } = coffer!;
    const made = await create(client, { name: `killed-${type}`, datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1, type }, users: [{ name: 'app' }] });
    await succeed(client, made.operationId);
    const folder = join(coffer!.home, 'instances', made.id);
    const json = async (path: string): Promise<any> => JSON.parse(await readFile(join(folder, path), 'utf8'));
    const instance = await show(client, made.id);
    const ask = (...command: string[]): Promise<string> => redisCli(enginesFolder, instance, { user: 'app', password: made.passwords['app']! }, ...command);
    const held = await heldByVolume(made.id);
    expect(held).toHaveLength(type === 'loop' ? 2 : 0);
    const pid = await enginePid(made.id);

    for (const [at, point] of points.entries()) {
      const sizeGb = at + 2;
      expect(await ask('set', `before:${point}`, String(sizeGb))).toBe('OK');
      await faults!.arm(point);
      const { resizeVolume } = await coffer!.client.query(RESIZE, { input: { instanceId: made.id, sizeGb } });
      await faults!.reached(point);
      await coffer!.end('SIGKILL'); // it ended itself: this waits for it
      await coffer!.start();
      expect(await faults!.disarm()).toEqual([]);

      expect(await endOf(coffer!.client, resizeVolume.operation.id), point).toMatchObject({ state: 'SUCCEEDED' });
      await until(coffer!.client, made.id, ({ status, task }) => status === 'ACTIVE' && task === null);
      expect(await show(coffer!.client, made.id), point).toMatchObject({ volume: { sizeGb }, fault: null, endpoints: instance.endpoints });
      expect([(await json('guest.json')).volumeGb, (await json('agent/boot.json')).volumeGb], point).toEqual([sizeGb, sizeGb]);
      if (type === 'loop') {
        const { blocks, bsize } = await statfs(join(folder, 'volume'));
        expect((await stat(join(folder, 'volume.img'))).size, point).toBe(sizeGb * gib);
        expect(blocks * bsize, point).toBeGreaterThan((sizeGb - 1 + share) * gib);
      }
      expect(await heldByVolume(made.id), point).toEqual(held);
      for (const [earlier, name] of points.slice(0, at + 1).entries()) expect(await ask('get', `before:${name}`), point).toBe(String(earlier + 2));
      expect(await enginePid(made.id), point).toBe(pid);
    }
    await remove(coffer!.client, made.id);
    expect(await heldByVolume(made.id)).toEqual([]);
    expect(await stat(folder).then(() => 'there', () => 'gone')).toBe('gone');
  }, 280_000);
});
