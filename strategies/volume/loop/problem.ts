import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';

export interface LoopMeans { isRoot: boolean; mayMount: boolean; hasLoopDevices: boolean; hasXfs: boolean }

/** Why there can be no such volumes; null: there can. Pure. */
export function decideLoopProblem({ isRoot, mayMount, hasLoopDevices, hasXfs }: LoopMeans): string | null {
  if (!isRoot) return 'volumes of type loop need Coffer to be started by root';
  if (!mayMount) return 'volumes of type loop need the right to mount (CAP_SYS_ADMIN), which this container does not have';
  if (!hasLoopDevices) return 'the kernel offers no loop devices: there is no /dev/loop-control';
  return hasXfs ? null : 'the kernel has no XFS: neither built in nor as a module';
}

export const loopProblem = async (): Promise<string | null> => decideLoopProblem({
  isRoot: process.getuid?.() === 0, mayMount: await maySysAdmin(), hasLoopDevices: await isThere('/dev/loop-control'), hasXfs: await kernelHasXfs(),
});

const capSysAdmin = 1n << 21n;
async function maySysAdmin(): Promise<boolean> {
  const capabilities = /^CapEff:\s+([0-9a-f]+)/m.exec(await readFile('/proc/self/status', 'utf8').catch(() => ''))?.[1];
  return capabilities !== undefined && (BigInt(`0x${capabilities}`) & capSysAdmin) !== 0n;
}

/** A module is loaded by the first mount. */
async function kernelHasXfs(): Promise<boolean> {
  if (/\bxfs$/m.test(await readFile('/proc/filesystems', 'utf8').catch(() => ''))) return true;
  const modules = await Promise.all(['modules.dep', 'modules.builtin'].map((name) => readFile(`/lib/modules/${release()}/${name}`, 'utf8').catch(() => '')));
  return modules.some((list) => /\/xfs\.ko/.test(list));
}

const isThere = (path: string): Promise<boolean> => access(path).then(() => true, () => false);
