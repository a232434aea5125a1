import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allPids, linkOf, statusOf, wordsOf } from '../../../compute/processes/proc.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, newInstance, specOf } from '../../support/host/compute-harness.ts';
import { type Clone, makeClone } from '../../support/host/clone.ts';
import { type HostUnderTest, prepareHost, processesNaming, type Run, starters } from '../../support/host/host-harness.ts';

let clone: Clone;
beforeAll(async () => { clone = await makeClone(); });
afterAll(() => clone.remove());

const warmStartMs = 5_000;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe.each(starters)('started by %s', (starter) => {
  let host: HostUnderTest;
  let run: Run;
  beforeAll(async () => {
    host = await prepareHost(clone.host, starter);
    run = await host.start();
  });
  afterAll(() => host.dispose());

  it('says it is ready, where, and what can be done next', () => {
    expect(run.output()).toMatch(new RegExp(`Coffer is ready at ${host.url}/graphql \\(pid ${run.child.pid}, \\d`));
    expect(run.output()).toContain(host.paths.adminToken);
    expect(run.output()).toContain(`curl -s ${host.url}/graphql`);
  });

  it('makes a token for the one who started it, and tells the gateway only its hash', () => {
    const token = readFileSync(host.paths.adminToken, 'utf8').trim();
    expect(token).toMatch(/^coffer_[A-Za-z0-9_-]{43}$/);
    expect(modeOf(host.paths.adminToken)).toBe('600');
    expect(readFileSync(host.paths.adminTokenHash, 'utf8').trim()).toBe(createHash('sha256').update(token).digest('hex'));
  });

  it('lets nobody else into what is secret', async () => {
    for (const path of [host.paths.adminToken, host.paths.adminTokenHash, host.paths.storeUrl]) expect(modeOf(path)).toBe('600');
    for (const path of [host.paths.control, host.paths.store, host.paths.logs]) expect(modeOf(path)).toBe('700');
    expect(modeOf(host.paths.computeSocket)).toBe('600');
    expect(modeOf(host.paths.storeSockets)).toBe(starter === 'root' ? '710' : '700');
    expect(modeOf(host.paths.home)).toBe(starter === 'root' ? '711' : '700');
    const password = new URL(readFileSync(host.paths.storeUrl, 'utf8').trim().replace('@/', '@x/')).password;
    const token = readFileSync(host.paths.adminToken, 'utf8').trim();
    for (const pid of allPids()) {
      if (pid === process.pid) continue;
      const text = [...(await wordsOf(pid, 'cmdline')), ...(await wordsOf(pid, 'environ'))].join('\n');
      expect(text).not.toContain(password);
      expect(text).not.toContain(token);
    }
  });

  it('runs everything from the runtime, and the store on no network', async () => {
    const gateway = await host.ask('/identity');
    expect(linkOf(gateway.pid, 'exe')).toMatch(new RegExp(`^${host.paths.runtime}/[0-9a-f]{16}/bin/node$`));
    expect(linkOf(run.child.pid ?? 0, 'exe')).toMatch(new RegExp(`^${host.paths.runtime}/`));
    const postmaster = Number(readFileSync(join(host.paths.store, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    expect(linkOf(postmaster, 'exe')).toMatch(new RegExp(`^${host.paths.runtime}/[0-9a-f]{16}/postgres/bin/postgres$`));
    const sockets = (await Promise.all((await readdir(`/proc/${postmaster}/fd`)).map((fd) => import('node:fs/promises').then((fs) => fs.readlink(`/proc/${postmaster}/fd/${fd}`).catch(() => ''))))).filter((link) => link.startsWith('socket:'));
    const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => readFileSync(table, 'utf8').split('\n')).map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`);
    expect(sockets.filter((socket) => listening.includes(socket))).toEqual([]);
  });

  it('keeps root for the compute part alone', async () => {
    const gateway = await host.ask('/identity');
    const postmaster = Number(readFileSync(join(host.paths.store, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    const uids = [statusOf(gateway.pid)?.uids[0], statusOf(postmaster)?.uids[0]];
    const base = Number(host.env['COFFER_UID_BASE']);
    expect(uids).toEqual(starter === 'root' ? [base, base + 1] : [statSync(host.paths.home).uid, statSync(host.paths.home).uid]);
    if (starter === 'root') expect(gateway['groups']).toEqual([base]);
  });

  it('names the one that runs when it is started again', async () => {
    const second = await host.command(['start']);
    expect(second.code).toBe(1);
    expect(second.output).toMatch(new RegExp(`^coffer: Coffer already runs in ${host.paths.home}: pid ${run.child.pid}, port ${host.env['COFFER_PORT']}, since .*\n$`));
  });

  it('leaves databases running at Ctrl-C and has them again at the next start, within seconds', async () => {
    const compute = host.compute();
    const id = newInstance();
    const build = await compute.ensureEngine({ datastore: 'redis', track: '8' }, { signal: AbortSignal.timeout(20_000) });
    await compute.createGuest(specOf(id, { buildId: build.id, ports: { client: 21_282 } }), claim());
    const running = () => compute.inspect(id, AbortSignal.timeout(5_000));
    expect(await waitUntil(async () => (await running()).enginePids.length > 0, 10_000)).toBe(true);
    const before = await running();
    run.child.kill('SIGINT');
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(run.output()).toContain('Databases keep running');
    expect(existsSync(host.paths.pidFile)).toBe(false);
    const left = (await processesNaming(host.paths.home)).map((one) => one.pid);
    expect(left).toContain(before.agentPid);
    expect(left.filter((pid) => pid !== before.agentPid && !before.enginePids.includes(pid))).toEqual([]);
    const again = await host.start();
    run = again;
    expect(again.readyMs).toBeLessThan(warmStartMs);
    expect(again.output()).toContain('1 database on this machine');
    expect(await running()).toMatchObject({ state: 'running', agentPid: before.agentPid });
  });

  it('stops databases too on request, tells each, and brings them back at the next start', async () => {
    const stopped = await host.command(['stop']);
    expect(stopped.code).toBe(0);
    expect(stopped.output).toMatch(/inst_\w+ \(redis 8\) stopped after/);
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(await processesNaming(host.paths.home)).toEqual([]);
    expect((await host.command(['stop'])).output).toContain('Nothing of Coffer runs');
    run = await host.start();
    const [id = ''] = (await readdir(host.paths.instances)).filter((name) => name.startsWith('inst_'));
    const compute = host.compute();
    expect(await waitUntil(async () => (await compute.inspect(id, AbortSignal.timeout(5_000))).enginePids.length > 0, 10_000)).toBe(true);
  });

  it('asks before it removes data, and removes only what it made', async () => {
    const asked = await host.command(['reset']);
    expect(asked.code).toBe(1);
    expect(asked.output).toMatch(/^coffer: this removes 1 database and everything else/);
    const { writeFile, symlink, mkdir } = await import('node:fs/promises');
    const outside = join(host.paths.home, '../outside');
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'kept'), '');
    await writeFile(join(host.paths.home, 'notes.txt'), 'mine');
    await symlink(outside, join(host.paths.logs, 'link'));
    const done = await host.command(['reset', '--yes']);
    expect(done.code).toBe(0);
    expect(await processesNaming(host.paths.home)).toEqual([]);
    expect((await readdir(host.paths.home)).sort()).toEqual(['.coffer-home', 'engines', 'notes.txt']);
    expect(existsSync(join(outside, 'kept'))).toBe(true);
    const { rm } = await import('node:fs/promises');
    await rm(host.paths.marker);
    expect(await host.command(['reset', '--yes'])).toMatchObject({ code: 1, output: expect.stringContaining('was not made by Coffer') });
  });
});
