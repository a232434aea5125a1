import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claim, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

let host: TestCompute;
beforeAll(async () => { host = await startTestCompute(); });
afterAll(() => host.dispose());
const at = (generation: number, epoch: number, attempt: number, operationId = `op_${epoch}`) => claim({ fence: { generation, epoch, attempt }, operationId });

describe('the compute role', () => {
  it('refuses a call with an older fence, also after it was started anew', async () => {
    const id = newInstance();
    await host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 5, 1));
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 4, 9))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    await host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 5, 2));
    await host.close();
    await host.reopen();
    await expect(host.client.destroy(id, at(1, 5, 1))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    await host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(2, 1, 1));
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 99, 1))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
  });

  it('makes nothing again for a zombie that comes after the destroy, also after it was started anew', async () => {
    const id = newInstance();
    await host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 1, 1));
    await host.client.destroy(id, at(1, 2, 1));
    await expect(host.client.createGuest(specOf(id), at(1, 1, 1))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    await host.close();
    await host.reopen();
    await expect(host.client.createGuest(specOf(id), at(1, 1, 2))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 1 }, at(1, 2, 1))).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    expect(existsSync(host.folder(id))).toBe(false);
    await host.client.destroy(id, at(1, 2, 1));
  });

  it('refuses what is not an instance, and paths in its place', async () => {
    for (const id of ['', '..', 'inst_../../etc', 'proj_01jyyyyyyyyyyyyyyyyyyyyyyy']) {
      await expect(host.client.destroy(id, at(1, 1, 1))).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    }
  });

  it('checks a guest again, whatever the gateway checked', async () => {
    const id = newInstance();
    await expect(host.client.createGuest(specOf(id, { ports: { client: 22 } }), at(1, 1, 1))).rejects.toMatchObject({ code: 'INPUT.INVALID', message: expect.stringContaining('COFFER_ENGINE_PORTS') });
    await expect(host.client.createGuest(specOf(id, { buildId: '../../x' }), at(1, 1, 1))).rejects.toMatchObject({ code: 'INPUT.INVALID' });
    await expect(host.client.createGuest(specOf(id, { buildId: 'redis-9' }), at(1, 1, 1))).rejects.toMatchObject({ code: 'SOURCE.UNAVAILABLE' });
    await expect(host.client.createVolume({ instanceId: id, sizeGb: 60_000 }, at(1, 1, 2))).rejects.toMatchObject({ code: 'ADMISSION.NO_DISK' });
    expect(existsSync(join(host.folder(id), 'agent'))).toBe(false);
  });

  it('streams the progress of an installation and stops it when the caller goes', async () => {
    const told: string[] = [];
    const build = await host.client.ensureEngine({ datastore: 'redis', track: '8' }, { signal: AbortSignal.timeout(5_000), progress: (fraction, message) => told.push(`${fraction} ${message}`) });
    expect(build).toMatchObject({ id: 'redis-8.0.2-00000000', source: 'host' });
    expect(told).toEqual(['0.25 part 1', '0.5 part 2', '0.75 part 3', '1 part 4']);
    const abort = new AbortController();
    const endless = host.client.ensureEngine({ datastore: 'redis', track: 'never' }, { signal: abort.signal, progress: () => abort.abort() });
    await expect(endless).rejects.toMatchObject({ code: 'OPERATION.CANCELLED' });
    await expect(host.client.ensureEngine({ datastore: 'oracle', track: '1' }, { signal: AbortSignal.timeout(5_000) })).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
  });

  it('is told as unreachable when it is away, and answers again when it is back', async () => {
    const facts = await host.client.facts(AbortSignal.timeout(5_000));
    expect(facts).toMatchObject({ name: 'test', region: 'local', runtimeHash: 'test', guestOverheadMb: 70 });
    expect(facts.memoryAvailableMb).toBeGreaterThan(0);
    const { client } = host;
    await host.close();
    await expect(client.facts(AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'HOST.UNREACHABLE' });
    await host.reopen();
    expect(await host.client.facts(AbortSignal.timeout(5_000))).toMatchObject({ name: 'test' });
  });
});
