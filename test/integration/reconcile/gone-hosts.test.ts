/** A host that does not come back keeps nobody from deleting; one that does come back cleans up. */
import { describe, expect, it } from 'vitest';
import { readHostLoads } from '../../../gateway/domain/host-load.ts';
import { releaseDeletions, removeLeftovers } from '../../../gateway/reconcile/gone-hosts.ts';
import { CofferError } from '../../../kernel/errors.ts';
import { silentLog } from '../../../kernel/log.ts';
import type { CallOptions, ComputeStrategy } from '../../../strategies/spi/compute.ts';
import { type DomainWorld, useDomainWorld } from '../../support/domain-world.ts';

const minuteMs = 60_000;
let world: DomainWorld;
let gone: string;
useDomainWorld((fresh) => {
  world = fresh;
  world.script.compute = { destroy: async () => { throw new CofferError('HOST.UNREACHABLE', 'nobody is there'); } };
});

async function placed(silentMs: number): Promise<string> {
  gone = await world.addHost('far', silentMs);
  const id = await world.addInstance('shop', { host_id: gone, agent_connected: false });
  await world.store.query(`insert into port_lease (host_id, port, instance_id, name) values ($1, 30000, $2, 'client')`, [gone, id]);
  return id;
}
const remove = async (instanceId: string, force = false): Promise<string> => (await world.domain.instances.delete(world.caller('EDITOR'), { instanceId, force })).operation.id;
const ended = async (id: string): Promise<Awaited<ReturnType<DomainWorld['operations']['waitForEnd']>>> => world.operations.waitForEnd(id, 10_000);
const rows = (text: string): Promise<Record<string, unknown>[]> => world.store.query(text);

describe('a deletion on a host that stays away', () => {
  it('is done by any worker, says why, holds no memory, and keeps the ports until the host has cleaned up', async () => {
    const id = await placed(6 * minuteMs);
    world.startWorker();
    const operation = await remove(id);
    expect(await releaseDeletions(world.store)).toBe(1);
    const { state, steps } = await ended(operation);
    expect(state).toBe('SUCCEEDED');
    expect(steps.find((step) => step.name === 'destroy')?.message).toMatch(/^host far was last seen 6 min ago: it removes/);
    expect((await world.instance(id))['deleted_at']).not.toBeNull();
    expect((await readHostLoads(world.store, { from: 1, to: 9 }, { hostId: gone }))[0]).toMatchObject({ promisedMemoryMb: 0, unusedVolumeBytes: 0 });
    expect(await rows('select instance_id, host_id from leftover')).toEqual([{ instance_id: id, host_id: gone }]);
    expect(await rows('select instance_id from port_lease')).toEqual([{ instance_id: id }]);
    expect(await rows(`select subject, project_id, operation_id, data->>'instance' as instance from event where type = 'host.leftover'`)).toEqual([{ subject: gone, project_id: null, operation_id: operation, instance: id }]);
  });

  it('is waited for while it may come back, by force not for long', async () => {
    const id = await placed(minuteMs);
    world.startWorker();
    const patient = await remove(id);
    expect(await releaseDeletions(world.store)).toBe(0);
    expect((await world.operations.get(patient))?.state).toBe('PENDING');
    const forced = await remove(id, true);
    expect(await releaseDeletions(world.store)).toBe(1);
    expect((await ended(forced)).state).toBe('SUCCEEDED');
  });

  it('is not taken from a host that is seen, however long it takes', async () => {
    const id = await placed(0);
    await remove(id, true);
    expect(await releaseDeletions(world.store)).toBe(0);
  });

  it('is done although its own worker lives, when the compute role does not', async () => {
    const id = await placed(minuteMs);
    world.startWorker([gone]);
    expect((await ended(await remove(id, true))).state).toBe('SUCCEEDED');
    expect(await rows('select instance_id from leftover')).toEqual([{ instance_id: id }]);
  });
});

describe('a host that comes back', () => {
  const destroyed: { id: string; options: CallOptions }[] = [];
  const compute = { destroy: async (id: string, options: CallOptions) => { destroyed.push({ id, options }); } } as unknown as ComputeStrategy;
  const clean = (of: ComputeStrategy = compute, hosts = [gone]): Promise<number> =>
    removeLeftovers({ store: world.store, log: silentLog, hostIds: () => hosts, computeFor: () => of }, AbortSignal.timeout(10_000));

  it('removes what was left, under a later fence than the deletion, and gives the ports back', async () => {
    const id = await placed(minuteMs);
    world.startWorker();
    const operation = await remove(id, true);
    await releaseDeletions(world.store);
    await ended(operation);
    expect(await clean(compute, [world.hostId])).toBe(0);
    const unwell = { destroy: async () => { throw new Error('not now'); } } as unknown as ComputeStrategy;
    expect(await clean(unwell)).toBe(0);
    expect(await clean()).toBe(1);
    const [{ epoch } = { epoch: '' }] = await world.store.query<{ epoch: string }>('select epoch from operation where id = $1', [operation]);
    expect(destroyed).toMatchObject([{ id, options: { fence: { epoch: Number(epoch) + 1, attempt: 0 } } }]);
    expect([await rows('select 1 from leftover'), await rows('select 1 from port_lease')]).toEqual([[], []]);
    expect(await rows(`select subject, data->>'instance' as instance from event where type = 'host.cleaned'`)).toEqual([{ subject: gone, instance: id }]);
    expect(await clean()).toBe(0);
  });
});
