/** Which control groups this machine offers us: decided from what the kernel lists, tried by `createLimiter`. */
export interface CgroupLayout {
  version: 1 | 2;
  /** folder of the group that holds all guests, by controller; with version 2 all three are one */
  parents: Record<Controller, string>;
}
export const controllers = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof controllers)[number];

interface Mount { type: string; folder: string; options: string[] }

/** Lines of /proc/self/mounts: device, folder, type, options. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').map((line) => line.split(' ')).filter((fields) => fields.length >= 4)
    .map(([, folder = '', type = '', options = '']) => ({ type, folder: folder.replaceAll('\\040', ' '), options: options.split(',') }));
}

/** Layouts worth trying, best first. `ownGroups` is /proc/self/cgroup. */
export function decideLayouts(mountsText: string, ownGroups: string, isRoot: boolean): CgroupLayout[] {
  const mounts = parseMounts(mountsText);
  const layouts: CgroupLayout[] = [];
  const folderOf = (controller: Controller): string | undefined => mounts.find((mount) => mount.type === 'cgroup' && mount.options.includes(controller))?.folder;
  const [memory, cpu, pids] = controllers.map(folderOf);
  if (memory && cpu && pids && isRoot) layouts.push({ version: 1, parents: { memory: `${memory}/coffer`, cpu: `${cpu}/coffer`, pids: `${pids}/coffer` } });
  const unified = mounts.find((mount) => mount.type === 'cgroup2')?.folder;
  const own = /^0::(\/.*)$/m.exec(ownGroups)?.[1];
  if (unified) {
    const at = (folder: string): CgroupLayout => ({ version: 2, parents: { memory: folder, cpu: folder, pids: folder } });
    if (isRoot) layouts.push(at(`${unified}/coffer`));
    // A session manager that delegates gives a user the group above its own one as well.
    else if (own && own !== '/') layouts.push(at(`${unified}${own.slice(0, own.lastIndexOf('/'))}/coffer`));
  }
  return layouts;
}
