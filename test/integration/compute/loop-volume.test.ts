/** Volumes of type loop, as the compute role makes, mounts, grows and removes them: real images, devices and mounts. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, statfs, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, type ProcessIdentity, signalProcess } from '../../../compute/processes/proc.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { readMounts } from '../../../strategies/volume/loop/devices.ts';
import { claim, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';
import { heldByVolume, noLoop } from '../../support/host/volumes.ts';

const gib = 1024 ** 3;
const run = (command: string, ...args: string[]): void => {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
};

describe.runIf(noLoop === null)('a volume of type loop', () => {
  let host: TestCompute;
  beforeAll(async () => { host = await startTestCompute(); });
  afterAll(() => host?.dispose());

  const volumeOf = (id: string): string => join(host.folder(id), 'volume');
  const imageOf = (id: string): string => join(host.folder(id), 'volume.img');
  const sizeOf = async (id: string): Promise<number> => { const { blocks, bsize } = await statfs(volumeOf(id)); return blocks * bsize; };
  const make = async (id = newInstance()): Promise<string> => { await host.client.createVolume({ instanceId: id, sizeGb: 1, type: 'loop' }, claim()); return id; };
  const guest = async (): Promise<string> => {
    const id = await make();
    await host.client.createGuest(specOf(id), claim());
    // A process of the engine's user may be one on its way to be it: the engine says when it is there.
    expect(await waitUntil(async () => existsSync(join(volumeOf(id), 'data/alive')) && (await runs(id)), 10_000)).toBe(true);
    return id;
  };
  const runs = async (id: string): Promise<boolean> => { const { state, enginePids } = await look(id); return state === 'running' && enginePids.length > 0; };
  const look = (id: string) => host.client.inspect(id, AbortSignal.timeout(5_000));
  const destroy = (id: string): Promise<void> => host.client.destroy(id, claim());

  it('is offered, and is exactly as large as asked for, with its blocks taken from the disk', async () => {
    expect((await host.client.facts(AbortSignal.timeout(5_000))).volumeTypes).toEqual([{ name: 'directory', problem: null }, { name: 'loop', problem: null }]);
    const id = await make();
    const image = await stat(imageOf(id));
    expect([image.size, image.mode & 0o777]).toEqual([gib, 0o600]);
    expect(image.blocks * 512).toBeGreaterThanOrEqual(gib);
    const { uids } = JSON.parse(await readFile(join(host.folder(id), 'guest.json'), 'utf8')) as { uids: { engine: number } | null };
    expect(await stat(volumeOf(id)).then((one) => [one.mode & 0o777, one.uid])).toEqual([0o700, uids?.engine ?? 0]);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).toMatch(new RegExp(`${volumeOf(id)} rw,nosuid,nodev,noatime .*- xfs`));
    // Again, as after an answer that was lost.
    await make(id);
    expect((await readMounts()).filter((one) => one.path === volumeOf(id))).toHaveLength(1);
    await destroy(id);
    expect(await heldByVolume(id)).toEqual([]);
  });

  it('refuses what is beyond it, and takes more once it has grown, seen from inside the agent\'s user namespace', async () => {
    const id = await guest();
    expect(spawnSync('dd', ['if=/dev/zero', `of=${join(volumeOf(id), 'fill')}`, 'bs=1M', 'count=1100'], { encoding: 'utf8' }).stderr).toMatch(/No space left/);
    const { agentPid, volumeGb } = await host.client.growVolume({ instanceId: id, sizeGb: 2 }, claim());
    expect(volumeGb).toBe(2);
    expect(await sizeOf(id)).toBeGreaterThan(1.9 * gib);
    expect(await readFile(`/proc/${agentPid}/mountinfo`, 'utf8')).toContain(volumeOf(id));
    await appendFile(join(volumeOf(id), 'more'), Buffer.alloc(200 * 1024 ** 2));
    expect(JSON.parse(await readFile(join(host.folder(id), 'agent/boot.json'), 'utf8'))).toMatchObject({ volumeGb: 2 });
    await destroy(id);
    expect(await heldByVolume(id)).toEqual([]);
  });

  it('is grown by a call that comes again, however far the one before had come, and never shrinks', async () => {
    const id = await guest();
    run('fallocate', '-l', String(2 * gib), imageOf(id));
    await host.client.growVolume({ instanceId: id, sizeGb: 2 }, claim());
    expect(await sizeOf(id)).toBeGreaterThan(1.9 * gib);
    run('fallocate', '-l', String(3 * gib), imageOf(id));
    run('losetup', '-c', (await readMounts()).find((one) => one.path === volumeOf(id))!.source);
    await host.client.growVolume({ instanceId: id, sizeGb: 3 }, claim());
    expect(await sizeOf(id)).toBeGreaterThan(2.9 * gib);
    for (const sizeGb of [3, 1]) expect(await host.client.growVolume({ instanceId: id, sizeGb }, claim())).toMatchObject({ volumeGb: 3 });
    expect([await sizeOf(id) > 2.9 * gib, (await stat(imageOf(id))).size]).toEqual([true, 3 * gib]);
    // One that a restart of the machine has cut in half.
    run('umount', '-l', volumeOf(id));
    await destroy(id);
    expect(await heldByVolume(id)).toEqual([]);
  });

  it('is mounted again after a restart of the machine, before its agent starts', async () => {
    const id = await guest();
    await writeFile(join(volumeOf(id), 'kept'), 'still here');
    await host.close();
    const { agent } = JSON.parse(await readFile(join(host.folder(id), 'guest.json'), 'utf8')) as { agent: ProcessIdentity };
    signalProcess(agent, 'SIGUSR1');
    expect(await waitUntil(() => !isAlive(agent), 10_000)).toBe(true);
    expect(await waitUntil(async () => spawnSync('umount', [volumeOf(id)]).status === 0, 10_000)).toBe(true);
    expect(await heldByVolume(id)).toEqual([]);
    await host.reopen();
    expect(await waitUntil(() => runs(id), 10_000)).toBe(true);
    expect(await readFile(join(volumeOf(id), 'kept'), 'utf8')).toBe('still here');
    await destroy(id);
  });

  it('leaves nothing, also when the instance\'s folder, or what was known of it, is gone', async () => {
    const id = await make();
    await rm(host.folder(id), { recursive: true, force: true }).catch(() => {});
    expect(await heldByVolume(id)).not.toEqual([]);
    await destroy(id);
    expect(await waitUntil(async () => (await heldByVolume(id)).length === 0, 2_000)).toBe(true);

    const forgotten = await make();
    await host.close();
    await rm(join(host.folder(forgotten), 'guest.json'));
    await host.reopen();
    await destroy(forgotten);
    expect(await heldByVolume(forgotten)).toEqual([]);
  });

  it('is found again, grows and leaves nothing where the home is reached by a symbolic link', async () => {
    const place = await mkdtemp('/tmp/coffer-test-linked-');
    await chmod(place, 0o711);
    await mkdir(join(place, 'disk'), { mode: 0o711 });
    await symlink(join(place, 'disk'), join(place, 'home'));
    const linked = await startTestCompute({ COFFER_HOME: join(place, 'home') });
    try {
      const id = newInstance();
      for (let call = 1; call <= 2; call++) await linked.client.createVolume({ instanceId: id, sizeGb: 1, type: 'loop' }, claim());
      expect(await heldByVolume(id)).toHaveLength(2);
      await linked.client.createGuest(specOf(id), claim());
      expect(await linked.client.growVolume({ instanceId: id, sizeGb: 2 }, claim())).toMatchObject({ volumeGb: 2 });
      const { blocks, bsize } = await statfs(join(linked.folder(id), 'volume'));
      expect(blocks * bsize).toBeGreaterThan(1.9 * gib);
      await linked.client.destroy(id, claim());
      expect(await heldByVolume(id)).toEqual([]);
    } finally {
      for (const mount of await readMounts()) if (mount.path.startsWith(`${place}/`)) spawnSync('umount', ['-l', mount.path]);
      await linked.dispose();
      await rm(place, { recursive: true, force: true });
    }
  });

  it('is not half made, or half grown, where the disk has no room', async () => {
    const id = newInstance();
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 60_000, type: 'loop' }, claim())).rejects.toMatchObject({ code: 'ADMISSION.NO_DISK' });
    const made = await guest();
    await expect(host.client.growVolume({ instanceId: made, sizeGb: 60_000 }, claim())).rejects.toMatchObject({ code: 'ADMISSION.NO_DISK' });
    expect(await look(made)).toMatchObject({ volumeGb: 1 });
    expect((await stat(imageOf(made))).size).toBe(gib);
    await destroy(made);
    // A crash in the middle of the making.
    const half = newInstance();
    await make(half);
    run('umount', volumeOf(half));
    await rm(imageOf(half));
    await writeFile(`${imageOf(half)}.new`, 'half');
    await truncate(`${imageOf(half)}.new`, 500);
    await make(half);
    expect(await sizeOf(half)).toBeGreaterThan(0.9 * gib);
    await destroy(half);
  });

  it('keeps its type, and other types are told by name', async () => {
    const id = await make();
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 1 }, claim())).rejects.toMatchObject({ code: 'PRECONDITION.STATE' });
    await expect(host.client.createVolume({ instanceId: newInstance(), sizeGb: 1, type: 'cloud' }, claim())).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    await destroy(id);
  });
});

describe('a volume of type directory', () => {
  it('is told to be larger', async () => {
    const host = await startTestCompute();
    try {
      const id = newInstance();
      await host.client.createVolume({ instanceId: id, sizeGb: 1 }, claim());
      await host.client.createGuest(specOf(id), claim());
      expect(await host.client.growVolume({ instanceId: id, sizeGb: 4 }, claim())).toMatchObject({ volumeGb: 4 });
      // An order of before does not take it back.
      await host.client.createGuest(specOf(id), claim());
      expect(JSON.parse(await readFile(join(host.folder(id), 'guest.json'), 'utf8'))).toMatchObject({ volumeGb: 4, volumeType: 'directory', spec: { volumeGb: 4 } });
      await expect(host.client.growVolume({ instanceId: newInstance(), sizeGb: 4 }, claim())).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
    } finally {
      await host.dispose();
    }
  });
});
