/** What of volumes a host still holds: looked for by the instance's id, in the kernel's own words. */
import { loopProblem } from '../../../strategies/volume/loop/problem.ts';
import { readLoopDevices, readMounts } from '../../../strategies/volume/loop/devices.ts';

/** Null where volumes of type loop can be tested; else why not, said aloud: a test that is passed over is no proof. */
export const noLoop = await loopProblem();
if (noLoop !== null) console.warn(`volumes of type loop are not tested here: ${noLoop}`);

export async function heldByVolume(instanceId: string): Promise<string[]> {
  const mounts = (await readMounts()).filter(({ path }) => path.includes(instanceId)).map(({ path }) => `mount ${path}`);
  const devices = (await readLoopDevices()).filter(({ backingFile }) => backingFile.includes(instanceId)).map(({ path }) => `device ${path}`);
  return [...mounts, ...devices];
}
