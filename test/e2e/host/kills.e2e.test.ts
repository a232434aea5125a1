/** Whatever is killed comes back, and nothing is left of what should have ended with it. */
import { spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf, isAlive } from '../../../compute/processes/proc.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, newInstance, specOf } from '../../support/host/compute-harness.ts';
import { type Clone, makeClone } from '../../support/host/clone.ts';
import { type HostUnderTest, prepareHost, processesNaming, type Run, starters } from '../../support/host/host-harness.ts';

let clone: Clone;
beforeAll(async () => { clone = await makeClone(); });
afterAll(() => clone.remove());

describe.each(starters)('started by %s', (starter) => {
  let host: HostUnderTest;
  let run: Run;
  beforeAll(async () => {
    host = await prepareHost(clone.host, starter);
    run = await host.start();
  });
  afterAll(() => host.dispose());

  const lock = (): string => join(host.paths.store, 'data/postmaster.pid');
  const postmaster = (): number => (existsSync(lock()) ? Number(readFileSync(lock(), 'utf8').split('\n')[0]) : 0);
  const answers = (): Promise<boolean> => fetch(`${host.url}/readyz`).then((response) => response.ok, () => false);
  const gone = (pid: number) => waitUntil(async () => !isAlive(identityOf(pid) ?? null), 10_000);

  it('the store is started again after kill -9, and the gateway answers again', async () => {
    const before = postmaster();
    const gateway = (await host.ask('/identity')).pid;
    process.kill(before, 'SIGKILL');
    expect(await waitUntil(async () => !(await answers()) || postmaster() !== before, 10_000)).toBe(true);
    expect(await waitUntil(async () => ![0, before].includes(postmaster()) && (await answers()), 20_000)).toBe(true);
    expect((await host.ask('/identity')).pid).toBe(gateway);
  });

  it('the gateway is started again after kill -9', async () => {
    const before = (await host.ask('/identity')).pid;
    process.kill(before, 'SIGKILL');
    expect(await gone(before)).toBe(true);
    expect(await waitUntil(answers, 20_000)).toBe(true);
    expect((await host.ask('/identity')).pid).not.toBe(before);
  });

  it('a host that is killed takes gateway and store along and leaves databases; the next start finds all in order', async () => {
    const compute = host.compute();
    const id = newInstance();
    const build = await compute.ensureEngine({ datastore: 'redis', track: '8' }, { signal: AbortSignal.timeout(20_000) });
    await compute.createGuest(specOf(id, { buildId: build.id, ports: { client: 21_280 } }), claim());
    const look = () => compute.inspect(id, AbortSignal.timeout(5_000));
    expect(await waitUntil(async () => (await look()).enginePids.length > 0, 10_000)).toBe(true);
    const before = await look();
    const [gateway, store] = [(await host.ask('/identity')).pid, postmaster()];
    run.child.kill('SIGKILL');
    expect(await gone(gateway)).toBe(true);
    expect(await gone(store)).toBe(true);
    expect((await processesNaming(host.paths.home)).map((one) => one.pid).sort()).toEqual([before.agentPid, ...before.enginePids].sort());
    run = await host.start();
    expect(await look()).toMatchObject({ state: 'running', agentPid: before.agentPid });
  });

  it('a start right after the kill waits for what is still ending', async () => {
    run.child.kill('SIGKILL');
    await run.exited;
    run = await host.start();
    expect(await answers()).toBe(true);
  });

  it('a start is not refused by the number of a store that is gone, which another process has by now', async () => {
    const [content, { uid, gid }] = [readFileSync(lock(), 'utf8'), statSync(lock())];
    const store = postmaster();
    run.child.kill('SIGKILL');
    expect(await gone(store)).toBe(true);
    const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' });
    try {
      writeFileSync(lock(), content.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
      chownSync(lock(), uid, gid);
      run = await host.start();
      expect(await answers()).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('a second signal while it stops ends it at once, and nothing stays', async () => {
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect(await run.exited).toEqual({ code: 0, signal: null });
  });
});
