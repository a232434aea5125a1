/**
 * An image file of exactly the volume's size, `instances/<id>/volume.img`, with XFS on it: the only file system that grows
 * under its users without CAP_SYS_RESOURCE. Its blocks are taken from the host's disk when it is made, so that nobody is
 * promised them twice. The loop device belongs to the mount and goes with it.
 */
import { mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { CofferError } from '../../../kernel/errors.ts';
import { faultPoint } from '../../../kernel/fault-point.ts';
import { runCommand } from '../../sources/run-command.ts';
import type { VolumeStrategy } from '../../spi/volume.ts';
import { isDeviceOf, mountBelow, readLoopDevices, readMounts, type Mount } from './devices.ts';
import { loopProblem } from './problem.ts';
import type { XfsTools } from './xfs-tools.ts';

const gibibyte = 1024 ** 3;
const commandTimeoutMs = 60_000;
/** A program of nobody is started from a volume, and no device is opened on it. */
const mountOptions = 'loop,nodev,nosuid,noatime';

export interface LoopOptions { /** `instances/<id>`, which only root can change, with no symbolic link in it */ folderOf(instanceId: string): string; tools: XfsTools }

export function createLoopVolumes({ folderOf, tools }: LoopOptions): VolumeStrategy {
  const imageOf = (instanceId: string): string => join(folderOf(instanceId), 'volume.img');
  const mountPointOf = (instanceId: string): string => join(folderOf(instanceId), 'volume');
  const mountOf = async (instanceId: string): Promise<Mount | undefined> => (await readMounts()).findLast((one) => one.path === mountPointOf(instanceId));

  async function attach(instanceId: string, signal: AbortSignal): Promise<void> {
    if (await mountOf(instanceId)) return;
    if ((await sizeOf(imageOf(instanceId))) === null) throw new CofferError('RESOURCE.NOT_FOUND', `the image of the volume of ${instanceId} is not on this host`);
    // What an unmounted volume shows is root's: nobody takes it for data.
    await mkdir(mountPointOf(instanceId), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
    await run('mount', ['-t', 'xfs', '-o', mountOptions, imageOf(instanceId), mountPointOf(instanceId)], signal);
  }

  async function detach(instanceId: string, signal: AbortSignal): Promise<void> {
    for (const mount of (await readMounts()).filter((one) => mountBelow(one, folderOf(instanceId))).toReversed()) {
      // Somebody who stands in it keeps it until they leave; it is out of the way at once.
      await run('umount', [mount.path], signal).catch(() => run('umount', ['-l', mount.path], signal));
    }
    for (const device of (await readLoopDevices()).filter((one) => isDeviceOf(one, imageOf(instanceId)))) {
      // It goes with its mount: this is for one whose mount never came to be.
      await run('losetup', ['-d', device.path], signal).catch((error: unknown) => { if (!signal.aborted && isGoneSince(error)) return; throw error; });
    }
  }

  return {
    type: 'loop', isHard: true,
    problem: loopProblem,
    attach, detach,
    async create(instanceId, sizeGb, signal) {
      const image = imageOf(instanceId);
      if ((await sizeOf(image)) === null) {
        const { mkfs } = await tools.find(signal);
        const aside = `${image}.new`;
        try {
          await rm(aside, { force: true });
          await (await open(aside, 'wx', 0o600)).close();
          await allocate(aside, sizeGb * gibibyte, signal);
          // -K: a discard would give the blocks back to the host.
          await run(mkfs, ['-q', '-f', '-K', aside], signal);
        } catch (error) {
          await rm(aside, { force: true });
          throw error;
        }
        await rename(aside, image);
      }
      await attach(instanceId, signal);
    },
    async grow(instanceId, sizeGb, signal) {
      const image = imageOf(instanceId);
      const before = await sizeOf(image);
      if (before === null) throw new CofferError('RESOURCE.NOT_FOUND', `the image of the volume of ${instanceId} is not on this host`);
      const { growfs } = await tools.find(signal);
      await attach(instanceId, signal);
      faultPoint('volume', 'grow', 'inside', 1);
      if (before < sizeGb * gibibyte) await allocate(image, sizeGb * gibibyte, signal).catch(async (error: unknown) => { await truncate(image, before); throw error; });
      faultPoint('volume', 'grow', 'inside', 2);
      // Both find nothing to do when an earlier call has come so far.
      const mount = await mountOf(instanceId);
      await run('losetup', ['-c', mount!.source], signal);
      faultPoint('volume', 'grow', 'inside', 3);
      await run(growfs, ['-d', mountPointOf(instanceId)], signal);
      faultPoint('volume', 'grow', 'after');
    },
    async inspect(instanceId) {
      const sizeBytes = await sizeOf(imageOf(instanceId));
      return sizeBytes === null ? null : { sizeBytes, isAttached: (await mountOf(instanceId)) !== undefined };
    },
    async destroy(instanceId, signal) {
      await detach(instanceId, signal);
      for (const file of [imageOf(instanceId), `${imageOf(instanceId)}.new`]) await rm(file, { force: true });
    },
  };
}

const sizeOf = (path: string): Promise<number | null> => stat(path).then((found) => found.size, () => null);

/** Blocks, not only a length. */
async function allocate(path: string, bytes: number, signal: AbortSignal): Promise<void> {
  await run('fallocate', ['-l', String(bytes), path], signal).catch((error: unknown) => {
    if (!/No space left|File too large/.test(String(error))) throw error;
    throw new CofferError('ADMISSION.NO_DISK', `the host's disk has no room for a volume of ${Math.round(bytes / gibibyte)} GB`, { cause: error });
  });
}

async function run(command: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const { code, stderr } = await runCommand({ command, args, signal, timeoutMs: commandTimeoutMs });
  if (code !== 0) throw new CofferError('INTERNAL', `${command.slice(command.lastIndexOf('/') + 1)} ended with ${code}: ${stderr.trim().slice(0, 500)}`);
}

const isGoneSince = (error: unknown): boolean => /No such device/.test(String(error));
