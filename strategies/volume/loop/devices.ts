/** Mounts and loop devices, as the kernel tells them. */
import { readdir, readFile } from 'node:fs/promises';

export interface Mount { path: string; fileSystem: string; source: string }
export interface LoopDevice { path: string; backingFile: string }

export const readMounts = async (): Promise<Mount[]> => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));

/** The last of one path is the one that is seen there. Pure. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const path = left?.split(' ')[4];
    const [fileSystem, source] = right?.split(' ') ?? [];
    return path && fileSystem && source ? [{ path: unescaped(path), fileSystem, source: unescaped(source) }] : [];
  });
}
/** Blanks and the like are told as octal numbers. */
const unescaped = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export const mountBelow = (mount: Mount, folder: string): boolean => mount.path.startsWith(`${folder}/`);

export async function readLoopDevices(): Promise<LoopDevice[]> {
  const names = (await readdir('/sys/block').catch(() => [])).filter((name) => name.startsWith('loop'));
  const found = await Promise.all(names.map(async (name) => ({ path: `/dev/${name}`, backingFile: (await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')).trimEnd() })));
  return found.filter(({ backingFile }) => backingFile !== '');
}

/** Also when the file was removed under it. */
export const isDeviceOf = ({ backingFile }: LoopDevice, image: string): boolean => [image, `${image}.new`].includes(backingFile.replace(/ \(deleted\)$/, ''));
