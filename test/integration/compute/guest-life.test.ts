import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, identityOf, statusOf, wordsOf } from '../../../compute/processes/proc.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, isRoot, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

let host: TestCompute;
beforeAll(async () => { host = await startTestCompute({ COFFER_LOG_LEVEL: 'warn', COFFER_PLUGINS: '/opt/one.mjs,/opt/two.mjs' }, { packagesOf: () => ['/opt/two.mjs'] }); });
afterAll(() => host.dispose());

const look = (id: string) => host.client.inspect(id, AbortSignal.timeout(5_000));
const said = (id: string) => (existsSync(join(host.folder(id), 'logs/agent.log')) ? readFileSync(join(host.folder(id), 'logs/agent.log'), 'utf8').trim().split('\n') : []);
/** The agent has noted the engine it started or found. */
const withEngine = async (id: string) => {
  expect(await waitUntil(async () => (await look(id)).agentPid !== null && /^(started|adopted)/.test(said(id).at(-1) ?? ''), 10_000)).toBe(true);
  return { ...(await look(id)), engine: Number(said(id).at(-1)?.split(' ')[1]) };
};
const started = async (id = newInstance()) => {
  await host.client.createVolume({ instanceId: id, sizeGb: 1 }, claim());
  await host.client.createGuest(specOf(id), claim());
  return { id, facts: await withEngine(id) };
};
const isGone = (pid: number) => waitUntil(async () => !isAlive(identityOf(pid) ?? null), 5_000);

describe('a guest', () => {
  it('runs an agent that finds its boot file, and is told of in the facts', async () => {
    const { id, facts } = await started();
    expect(facts).toMatchObject({ state: 'running', isolation: isRoot ? 'users' : 'shared' });
    expect(await wordsOf(facts.agentPid ?? 0, 'environ')).toEqual(expect.arrayContaining(['COFFER_LOG_LEVEL=warn', 'COFFER_PLUGINS=/opt/two.mjs', `COFFER_INSTANCE=${id}`]));
    const boot = JSON.parse(readFileSync(join(host.folder(id), 'agent/boot.json'), 'utf8'));
    expect(boot).toMatchObject({ instanceId: id, engineUid: isRoot ? 1 : null, agentUser: isRoot ? 'root' : expect.any(String), ports: { client: 24_001 } });
    expect(JSON.stringify(boot)).not.toContain('secret-token');
    expect(readFileSync(join(host.folder(id), 'guest.json'), 'utf8')).not.toContain('secret-token');
    expect(readFileSync(join(host.folder(id), 'agent/identity/token'), 'utf8')).toBe('secret-token');
    expect(readFileSync(join(host.folder(id), 'logs/agent.log'), 'utf8')).toContain('started');
  });

  it('may be made twice without a second agent', async () => {
    const { id, facts } = await started();
    const again = await host.client.createGuest(specOf(id), claim());
    expect(again.agentPid).toBe(facts.agentPid);
  });

  it('gets a killed agent back, and its engine runs on', async () => {
    const { id, facts } = await started();
    process.kill(facts.agentPid ?? 0, 'SIGKILL');
    expect(await waitUntil(async () => { const pid = (await look(id)).agentPid; return pid !== null && pid !== facts.agentPid; }, 5_000)).toBe(true);
    await waitUntil(() => said(id).at(-1) === `adopted ${facts.engine}`, 3_000);
    expect(said(id)).toEqual([`started ${facts.engine}`, `adopted ${facts.engine}`]);
  });

  it('is adopted by the next compute role, agent and engine untouched', async () => {
    const { id, facts } = await started();
    await host.close();
    await host.reopen();
    expect(await look(id)).toMatchObject({ state: 'running', agentPid: facts.agentPid });
  });

  it('is started by the next compute role when its agent died in between', async () => {
    const { id, facts } = await started();
    await host.close();
    process.kill(facts.agentPid ?? 0, 'SIGKILL');
    await isGone(facts.agentPid ?? 0);
    // Nothing is known of its plugin this time: it did not load, or not in time.
    await host.reopen({ packagesOf: () => undefined });
    const { agentPid } = await withEngine(id);
    expect(agentPid).not.toBe(facts.agentPid);
    expect(await wordsOf(agentPid ?? 0, 'environ')).toContain('COFFER_PLUGINS=/opt/two.mjs');
  });

  it('that is stopped keeps data and logs and nothing else', async () => {
    const { id, facts } = await started();
    await host.client.stopGuest(id, claim());
    expect(await look(id)).toMatchObject({ state: 'stopped', agentPid: null, enginePids: [] });
    for (const pid of [facts.agentPid ?? 0, ...facts.enginePids]) expect(isAlive(identityOf(pid) ?? null)).toBe(false);
    expect((await readdir(host.folder(id))).sort()).toEqual(['guest.json', 'logs', 'volume']);
    expect(existsSync(join(host.folder(id), 'volume/data/alive'))).toBe(true);
    expect(readFileSync(join(host.folder(id), 'logs/agent.log'), 'utf8')).toContain('stopped on request');
    await host.client.stopGuest(id, claim());
  });

  it('that is destroyed leaves nothing: no process, folder, user or cgroup', async () => {
    const { id, facts } = await started();
    const record = JSON.parse(readFileSync(join(host.folder(id), 'guest.json'), 'utf8'));
    await host.client.destroy(id, claim());
    expect(await look(id)).toMatchObject({ state: 'absent', agentPid: null, enginePids: [] });
    expect(existsSync(host.folder(id))).toBe(false);
    for (const pid of [facts.agentPid ?? 0, ...facts.enginePids]) expect(isAlive(identityOf(pid) ?? null)).toBe(false);
    for (const controller of ['memory', 'cpu', 'pids']) expect(existsSync(`/sys/fs/cgroup/${controller}/coffer/${id}`)).toBe(false);
    if (isRoot) {
      const { processesOfInstance } = await import('../../../compute/processes/of-instance.ts');
      expect(await processesOfInstance({ instanceId: id, uids: Object.values(record.uids), root: host.folder(id), programFolders: [], cgroupPids: [] })).toEqual([]);
    }
    await host.client.destroy(id, claim());
  });

  it('can be destroyed when its folder and its processes are gone already', async () => {
    const { id, facts } = await started();
    await host.close();
    for (const pid of [facts.agentPid ?? 0, ...facts.enginePids]) process.kill(pid, 'SIGKILL');
    await rm(host.folder(id), { recursive: true });
    await host.reopen();
    await host.client.destroy(id, claim());
    expect((await look(id)).state).toBe('absent');
  });

  it('takes a new enrolment token, alive or dead', async () => {
    const { id } = await started();
    const token = () => readFileSync(join(host.folder(id), 'agent/identity/token'), 'utf8');
    await host.client.reenrol(id, { ...specOf(id).enrolment, token: 'second' }, claim());
    expect(await waitUntil(() => token() === 'second', 5_000)).toBe(true);
  });

  it.runIf(isRoot)('lives within its limits', async () => {
    const { id, facts } = await started();
    expect(facts.limitsUnenforced).toBeNull();
    expect(Number(readFileSync(`/sys/fs/cgroup/memory/coffer/${id}/memory.limit_in_bytes`, 'utf8'))).toBe((256 + 160) * 1024 ** 2);
    const members = readFileSync(`/sys/fs/cgroup/pids/coffer/${id}/cgroup.procs`, 'utf8').trim().split('\n').map(Number);
    expect(members).toEqual(expect.arrayContaining([facts.agentPid, ...facts.enginePids]));
  });

  it.runIf(isRoot)('has users of its own for agent and engine, and folders only they may enter', async () => {
    const { id, facts } = await started();
    const { uids } = JSON.parse(readFileSync(join(host.folder(id), 'guest.json'), 'utf8'));
    expect(statusOf(facts.agentPid ?? 0)?.uids).toEqual(Array(4).fill(uids.agent));
    for (const pid of facts.enginePids) expect(statusOf(pid)?.uids).toEqual(Array(4).fill(uids.engine));
    const about = (name: string) => { const { uid, gid, mode } = statSync(join(host.folder(id), name)); return [uid, gid, (mode & 0o777).toString(8)]; };
    expect(about('.')).toEqual([0, 0, '711']);
    expect(about('agent')).toEqual([uids.agent, uids.agent, '700']);
    for (const name of ['volume', 'config', 'tls', 'run', 'logs']) expect(about(name)).toEqual([uids.engine, uids.engine, '700']);
  });
});
