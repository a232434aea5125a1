import { tryListen } from '../../kernel/try-listen.ts';

/** At most so many files of one project run side by side. */
const workers = 4;
/** Which of them this one is; 0 outside of the test runner. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % workers;

/** `slots` is a multiple of four. Different for each test process; those that run at the same time never share one. */
export const slotOf = (slots: number): number => (process.pid % (slots / workers)) * workers + worker;

/** For ports that are known before a test begins, 21000 to 21999: the same for every file that this worker runs. */
export const ownPort = (port: number): number => port + worker * 1_000;

const portsEach = 50;
const firstPort = 10_000 + slotOf(200) * portsEach;
let tried = 0;

const isFree = async (port: number): Promise<boolean> => (await tryListen('127.0.0.1', port)) === null;

/** Below the ephemeral range, so that nobody's outgoing connection takes one while its server is down; none is soon given again. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let looked = 0; found.length < count; looked += 1) {
    if (looked === portsEach) throw new Error(`${count} free ports were not found from ${firstPort} on`);
    const port = firstPort + (tried++ % portsEach);
    if (await isFree(port)) found.push(port);
  }
  return found;
}
export const freePort = async (): Promise<number> => (await freePorts(1))[0]!;
