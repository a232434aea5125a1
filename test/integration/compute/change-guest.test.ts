import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, isRoot, newInstance, nextBuild, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

let host: TestCompute;
beforeAll(async () => { host = await startTestCompute(); });
afterAll(() => host.dispose());

const read = (id: string, name: string) => readFileSync(join(host.folder(id), name), 'utf8');
const boot = (id: string) => JSON.parse(read(id, 'agent/boot.json'));
const said = (id: string) => read(id, 'logs/agent.log').trim().split('\n');
const look = (id: string) => host.client.inspect(id, AbortSignal.timeout(5_000));
const started = async () => {
  const id = newInstance();
  await host.client.createVolume({ instanceId: id, sizeGb: 1 }, claim());
  await host.client.createGuest(specOf(id), claim());
  expect(await waitUntil(async () => (await look(id)).enginePids.length > 0, 10_000)).toBe(true);
  return { id, facts: await look(id) };
};

describe('a guest that is changed', () => {
  it('has its new flavor and volume under the running agent and engine, which are told', async () => {
    const { id, facts } = await started();
    const flavor = { vcpus: 2, memoryMb: 512 };
    const after = await host.client.changeGuest(id, { flavor, volumeGb: 3 }, claim());
    expect(after).toMatchObject({ agentPid: facts.agentPid, enginePids: facts.enginePids });
    expect(boot(id)).toMatchObject({ flavor, volumeGb: 3, build: { version: '8.0.2' } });
    expect(JSON.parse(read(id, 'guest.json'))).toMatchObject({ volumeGb: 3, spec: { flavor, volumeGb: 3 } });
    expect(await waitUntil(async () => said(id).at(-1) === 'may have 512 MB', 5_000)).toBe(true);
    if (isRoot) expect(Number(readFileSync(`/sys/fs/cgroup/memory/coffer/${id}/memory.limit_in_bytes`, 'utf8'))).toBe((512 + 160) * 1024 ** 2);
  });

  it('is not given another build while anything of its engine runs', async () => {
    const { id, facts } = await started();
    await expect(host.client.changeGuest(id, { build: { track: '8', buildId: nextBuild.id } }, claim())).rejects.toMatchObject({ code: 'HOST.UNREACHABLE' });
    expect(boot(id)).toMatchObject({ build: { version: '8.0.2' } });
    expect(await look(id)).toMatchObject({ agentPid: facts.agentPid, enginePids: facts.enginePids });
  });

  it('has an agent of the new build once its engine is stopped; a repeat finds nothing to do', async () => {
    const { id, facts } = await started();
    for (const pid of facts.enginePids) process.kill(pid, 'SIGKILL');
    expect(await waitUntil(async () => (await look(id)).enginePids.length === 0, 5_000)).toBe(true);
    const change = { build: { track: '8', buildId: nextBuild.id } };
    const { agentPid } = await host.client.changeGuest(id, change, claim());
    expect(agentPid).not.toBe(facts.agentPid);
    expect(boot(id)).toMatchObject({ build: { id: nextBuild.id, version: '8.0.3' } });
    expect(await host.client.changeGuest(id, change, claim())).toMatchObject({ agentPid });
  });

  it('is given it while its agent counts files, and once an engine that is ending has ended', async () => {
    process.env['COFFER_TEST_AGENT_MODE'] = 'counts';
    const { id } = await started().finally(() => { delete process.env['COFFER_TEST_AGENT_MODE']; });
    expect(await waitUntil(async () => ['counting', 'started'].every((word) => said(id).some((line) => line.startsWith(word))), 5_000)).toBe(true);
    const [counting, engine] = ['counting', 'started'].map((word) => Number(said(id).find((line) => line.startsWith(word))!.split(' ')[1]));
    // Where all are one user, what counts has nothing to tell it by.
    expect((await look(id)).enginePids.toSorted()).toEqual(isRoot ? [counting, engine].toSorted() : [engine]);
    const changed = host.client.changeGuest(id, { build: { track: '8', buildId: nextBuild.id } }, claim());
    await delay(300);
    process.kill(engine!, 'SIGKILL');
    await changed;
    expect(() => process.kill(counting!, 0)).not.toThrow();
    expect(boot(id)).toMatchObject({ build: { id: nextBuild.id } });
  });

  it('is refused what is out of range, and one that is not there', async () => {
    await expect(host.client.changeGuest(newInstance(), { volumeGb: 2 }, claim())).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
    const { id } = await started();
    await expect(host.client.changeGuest(id, { flavor: { vcpus: 1, memoryMb: -1 } }, claim())).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    await expect(host.client.changeGuest(id, { build: { track: '8', buildId: '../x' } }, claim())).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    expect(boot(id)).toMatchObject({ volumeGb: 1 });
  });
});
