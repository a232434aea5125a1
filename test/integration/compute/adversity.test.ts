/** Full disks, deep paths, agents that crash, renewals, users without a name, and machines that cannot separate users. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decideUsers } from '../../../compute/start-compute.ts';
import { sharedUser } from '../../../compute/guest/users.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { statusOf } from '../../../compute/processes/proc.ts';
import { launch } from '../../../compute/launch/launch.ts';
import { loadSettings, type Settings } from '../../../kernel/settings.ts';
import { claim, isRoot, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });

async function open(variables: Record<string, string> = {}): Promise<TestCompute> {
  const host = await startTestCompute(variables);
  cleanups.push(() => host.dispose());
  return host;
}
const logOf = (host: TestCompute, id: string): string => (existsSync(join(host.folder(id), 'logs/agent.log')) ? readFileSync(join(host.folder(id), 'logs/agent.log'), 'utf8') : '');
async function guest(host: TestCompute): Promise<{ id: string; engine: number; agent: number }> {
  const id = newInstance();
  await host.client.createGuest(specOf(id), claim());
  expect(await waitUntil(() => /(started|adopted) \d+\n/.test(logOf(host, id)), 10_000)).toBe(true);
  return { id, engine: Number(/(?:started|adopted) (\d+)/.exec(logOf(host, id))?.[1]), agent: (await host.client.inspect(id, AbortSignal.timeout(5_000))).agentPid ?? 0 };
}
const settings = (env: Record<string, string>): Settings => {
  const loaded = loadSettings(env, { uid: process.getuid?.() ?? 0, userHome: '/tmp', machineName: 'm' });
  if ('problems' in loaded) throw new Error('settings');
  return loaded.settings;
};

describe.runIf(isRoot)('a full disk', () => {
  async function smallDisk(sizeMb: number): Promise<string> {
    const disk = await mkdtemp('/tmp/coffer-test-disk-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=755`, 'none', disk]);
    cleanups.push(async () => { execFileSync('umount', ['-l', disk]); await rm(disk, { recursive: true }); });
    return disk;
  }
  const fill = (folder: string): void => { try { execFileSync('dd', ['if=/dev/zero', `of=${folder}/ballast`, 'bs=64k'], { stdio: 'ignore' }); } catch { /* that is the point */ } };

  it('hinders neither the return of an agent nor a removal', async () => {
    const disk = await smallDisk(64);
    const host = await open({ COFFER_HOME: join(disk, 'home') });
    const { id, agent } = await guest(host);
    fill(host.settings.home);
    process.kill(agent, 'SIGKILL');
    expect(await waitUntil(async () => { const pid = (await host.client.inspect(id, AbortSignal.timeout(5_000))).agentPid; return pid !== null && pid !== agent; }, 10_000)).toBe(true);
    await host.client.destroy(id, claim());
    expect(existsSync(host.folder(id))).toBe(false);
  });

  it('refuses a volume that does not fit beside the host\'s reserve', async () => {
    const host = await open({ COFFER_HOME: join(await smallDisk(64), 'home'), COFFER_DISK_RESERVE_GB: '1' });
    await expect(host.client.createVolume({ instanceId: newInstance(), sizeGb: 1 }, claim())).rejects.toMatchObject({ code: 'ADMISSION.NO_DISK', message: expect.stringContaining('can give 0 GB') });
  });

  it('stops the engine whose volume is far beyond its size, and no other, until it is back within it', async () => {
    const host = await open({ COFFER_DISK_RESERVE_GB: '1000000' });
    const [greedy, modest] = [await guest(host), await guest(host)];
    const rows = join(host.folder(greedy.id), 'volume/data/rows');
    const isHeld = ({ id }: { id: string }): boolean => existsSync(join(host.folder(id), 'agent/volume-full'));
    execFileSync('/usr/bin/fallocate', ['-l', '1200M', rows]);
    expect(await waitUntil(() => isHeld(greedy), 12_000)).toBe(true);
    expect(isHeld(modest)).toBe(false);
    // Whoever lets it go need not be who stopped it.
    await host.close();
    await host.reopen();
    await rm(rows);
    expect(await waitUntil(() => !isHeld(greedy), 12_000)).toBe(true);
  });
});

it('a home too deep for sockets gets short folders for them, which a destroy removes', async () => {
  const outer = await mkdtemp('/tmp/coffer-test-deep-');
  chmodSync(outer, 0o755);
  const deep = join(outer, 'a-rather-long-name-for-a-folder/'.repeat(3));
  mkdirSync(deep, { recursive: true });
  cleanups.push(() => rm(outer, { recursive: true, force: true }));
  const host = await open({ COFFER_HOME: join(deep, 'home') });
  const { id } = await guest(host);
  const { paths } = JSON.parse(readFileSync(join(host.folder(id), 'agent/boot.json'), 'utf8'));
  expect(paths.run).toMatch(isRoot ? /^\/run\/coffer-[0-9a-f]{16}$/ : /\/coffer-[0-9a-f]{16}$/);
  expect((statSync(paths.run).mode & 0o777).toString(8)).toBe('700');
  await host.client.destroy(id, claim());
  expect(existsSync(paths.run)).toBe(false);
});

it('an agent that crashes at once is started later and later, and the guest can still be destroyed', async () => {
  const host = await open();
  process.env['COFFER_TEST_AGENT_MODE'] = 'crash';
  cleanups.push(() => { delete process.env['COFFER_TEST_AGENT_MODE']; });
  const id = newInstance();
  await host.client.createGuest(specOf(id), claim());
  expect(await waitUntil(async () => (await host.client.inspect(id, AbortSignal.timeout(5_000))).state === 'starting', 5_000)).toBe(true);
  await host.client.destroy(id, claim());
  expect((await host.client.inspect(id, AbortSignal.timeout(5_000))).state).toBe('absent');
});

it('agents of an earlier release are renewed, and their engines run on', async () => {
  const host = await open();
  const { id, engine, agent } = await guest(host);
  await host.close();
  await host.reopen({ runtime: '/tmp/coffer-test-next-runtime' });
  expect(await waitUntil(() => logOf(host, id).includes(`adopted ${engine}`), 10_000)).toBe(true);
  expect((await host.client.inspect(id, AbortSignal.timeout(5_000))).agentPid).not.toBe(agent);
});

it('a second compute role on the same home is refused', async () => {
  const host = await open();
  await expect(host.reopen()).rejects.toThrow(/another compute role serves on/);
});

describe('who guests run as', () => {
  it.runIf(!isRoot)('separate users need root', async () => {
    await expect(decideUsers(settings({ COFFER_ISOLATION: 'users' }), '/tmp')).rejects.toThrow('needs Coffer to be started by root');
  });

  it.runIf(isRoot)('with COFFER_ISOLATION=shared and root all run as the user that is named', async () => {
    const host = await open({ COFFER_ISOLATION: 'shared', COFFER_SHARED_USER: 'nobody' });
    const { id, engine, agent } = await guest(host);
    expect(await host.client.inspect(id, AbortSignal.timeout(5_000))).toMatchObject({ isolation: 'shared' });
    for (const pid of [engine, agent]) expect(statusOf(pid)?.uids[0]).toBe(65_534);
    expect(JSON.parse(readFileSync(join(host.folder(id), 'agent/boot.json'), 'utf8'))).toMatchObject({ isolation: 'shared', engineUid: null, agentUser: 'nobody' });
    await host.close();
    writeFileSync(join(host.folder(id), 'guest.json'), readFileSync(join(host.folder(id), 'guest.json'), 'utf8').replace('"shared"', '"users"'));
    await host.reopen();
    await host.client.destroy(id, claim());
  });

  it.runIf(isRoot)('a user that does not exist is refused', () => {
    expect(() => sharedUser(settings({ COFFER_SHARED_USER: 'nobody-of-that-name' }), 0)).toThrow(/has no such ordinary user/);
    expect(() => sharedUser(settings({ COFFER_SHARED_USER: 'root' }), 0)).toThrow(/has no such ordinary user/);
  });

  it('a user without an entry in /etc/passwd gets a name inside a namespace of its own', async () => {
    const { child } = await launch({ command: '/usr/bin/id', args: ['-un'], env: { PATH: '/usr/bin:/bin' }, cwd: '/', identity: { kind: 'self-mapped' }, output: 'pipe' });
    let name = '';
    child.stdout?.on('data', (chunk: Buffer) => { name += chunk.toString(); });
    await new Promise((resolve) => { child.on('close', resolve); });
    expect(name).toBe('daemon\n');
  });
});
