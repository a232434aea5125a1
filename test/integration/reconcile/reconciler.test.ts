import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import type { ComputeStrategy, Enrolment, GuestFacts } from '../../../strategies/spi/compute.ts';
import { createReconciler, type Reconciler } from '../../../gateway/reconcile/reconciler.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import { enrol, eventsOf, insertInstance, instanceRow, openReports, startGateway, useGateway, type AgentIdentity, type MovableClock, type TestGateway } from '../agents/harness.ts';

const DAY_MS = 24 * 3_600_000;
let store: PgStore;
let gateway: TestGateway;
let clock: MovableClock;
const cleanUps = useGateway((world) => { ({ store, gateway, clock } = world); });

/** A host that remembers what it was asked; what an agent does with a token, the test does. */
function testHost(state: GuestFacts['state'] = 'running') {
  const orders: { instanceId: string; enrolment: Enrolment; epoch: number }[] = [];
  let inspections = 0;
  const compute = {
    inspect: () => { inspections += 1; return Promise.resolve({ state, agentPid: null, enginePids: [], isolation: 'users', limitsUnenforced: null } as GuestFacts); },
    reenrol: (instanceId: string, enrolment: Enrolment, options: { fence: { epoch: number } }) => { orders.push({ instanceId, enrolment, epoch: options.fence.epoch }); return Promise.resolve(); },
  } as unknown as ComputeStrategy;
  return { compute, orders, inspections: () => inspections };
}
function reconciler(host = testHost(), of: TestGateway = gateway): Reconciler {
  return createReconciler({ store, pki: of.pki, gateways: of.gateways, issueEnrolment: of.issueEnrolment, hostIds: () => ['host_1'], computeFor: () => host.compute, isWorker: true, log: silentLog, clock });
}
async function activeAgent(on: TestGateway = gateway, over: Record<string, unknown> = {}): Promise<{ id: string; identity: AgentIdentity; close(): void }> {
  const id = await insertInstance(store, over);
  const identity = await enrol(await store.transaction((tx) => on.issueEnrolment(tx, id)), id);
  const agent = await openReports(on.address, identity);
  cleanUps.push(() => agent.close());
  await agent.report();
  expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE' });
  return { id, identity, close: () => agent.close() };
}
const reasons = async (id: string): Promise<string> => { const row = await instanceRow(store, id); return [row.status, ...row.conditions.map((c) => c.reason)].join(' '); };

describe('silent agents', () => {
  it('of a gateway that died are UNKNOWN, told once although two gateways look', async () => {
    const { id } = await activeAgent();
    const other = await startGateway({ store, clock });
    cleanUps.push(() => other.stop());
    await store.query('update gateway set seen_at = $2 where id = $1', [gateway.id, new Date(clock.now() - 15_001)]);
    await store.query('update instance set agent_seen_at = $2 where id = $1', [id, new Date(clock.now() - 15_001)]);
    const [a, b] = [reconciler(), reconciler(testHost(), other)];
    await Promise.all([a.run('silent-agents'), b.run('silent-agents')]);
    expect(await reasons(id)).toBe('UNKNOWN Disconnected');
    expect((await eventsOf(store, id)).map((e) => e.doc.status)).toEqual(['UNKNOWN', 'ACTIVE', 'UNKNOWN']);
    expect(await a.run('silent-agents')).toBe(0);
  });
  it('of a gateway that lives are left alone', async () => {
    const { id } = await activeAgent();
    expect(await reconciler().run('silent-agents')).toBe(0);
    expect(await reasons(id)).toBe('ACTIVE');
  });
  it('whose last report has grown old are UNKNOWN, connected or not; and are well again when they are heard', async () => {
    const { id } = await activeAgent();
    await store.query('update instance set agent_seen_at = $2 where id = $1', [id, new Date(clock.now() - 61_000)]);
    expect(await reconciler().run('silent-agents')).toBe(1);
    expect(await reasons(id)).toBe('UNKNOWN Silent');
    await store.query('update instance set agent_seen_at = $2 where id = $1', [id, new Date(clock.now())]);
    expect(await reconciler().run('silent-agents')).toBe(1);
    expect(await reasons(id)).toBe('ACTIVE');
  });
});

describe('an agent that slept through its expiry', () => {
  it('is given a fresh token by its host a month later, and comes back with it', async () => {
    const { id, close } = await activeAgent();
    close();
    await expect.poll(async () => (await instanceRow(store, id)).agent_gateway).toBeNull();
    clock.advance(30 * DAY_MS);
    const host = testHost('stopped');
    const loops = reconciler(host);
    await gateway.pki.maintain();
    await gateway.gateways.beat();
    await loops.run('silent-agents');
    expect(await reasons(id)).toBe('UNKNOWN Disconnected');
    expect(await loops.run('recover-agents')).toBe(1);
    expect(host.orders).toMatchObject([{ instanceId: id, epoch: 0, enrolment: { enrolAddress: gateway.enrolAddress, conductorAddress: gateway.address } }]);
    // The gateway's own certificate is a month ahead as well; TLS knows only the present, so the token is redeemed directly.
    const { createCsr, createKey } = await import('../../../gateway/pki/x509.ts');
    const issued = await gateway.pki.enrol(id, host.orders[0]!.enrolment.token, await createCsr((await createKey()).keys, 'x'));
    expect(await gateway.pki.standing(issued!.serial, id)).toEqual({ ok: true });
  });
  it('is cared for by one of two gateways, and not again before its time', async () => {
    const { id, close } = await activeAgent();
    close();
    await expect.poll(async () => (await instanceRow(store, id)).agent_gateway).toBeNull();
    clock.advance(25 * 3_600_000);
    await gateway.gateways.beat();
    const host = testHost();
    const [a, b] = [reconciler(host), reconciler(host)];
    await Promise.all([a.run('recover-agents'), b.run('recover-agents')]);
    expect(host.orders).toHaveLength(1);
    expect(await a.run('recover-agents')).toBe(0);
    clock.advance(31_000);
    await gateway.gateways.beat();
    expect(await a.run('recover-agents')).toBe(1);
    expect(host.orders).toHaveLength(2);
  });
  it('whose certificate is good is given time first', async () => {
    const { id, close } = await activeAgent();
    close();
    await expect.poll(async () => (await instanceRow(store, id)).agent_gateway).toBeNull();
    const host = testHost();
    expect(await reconciler(host).run('recover-agents')).toBe(0);
    expect(host.inspections()).toBe(0);
    clock.advance(31_000);
    expect(await reconciler(host).run('recover-agents')).toBe(0);
    expect([host.inspections(), host.orders.length]).toEqual([1, 0]);
  });
  it('and of which its host knows nothing is told as missing', async () => {
    const { id, close } = await activeAgent();
    close();
    await expect.poll(async () => (await instanceRow(store, id)).agent_gateway).toBeNull();
    clock.advance(60_000);
    const host = testHost('absent');
    expect(await reconciler(host).run('recover-agents')).toBe(1);
    expect(await reasons(id)).toBe('UNKNOWN GuestMissing');
    expect(host.orders).toHaveLength(0);
  });
});

describe('an agent that can be helped', () => {
  const lost = (over: Record<string, unknown> = {}): Promise<string> =>
    insertInstance(store, { prepared: true, status: 'UNKNOWN', agent_seen_at: new Date(clock.now() - 40_000), agent: JSON.stringify({ address: 'a:1', refused: null }), ...over });

  it('is not passed over for those that cannot, however many', async () => {
    const longAgo = new Date(clock.now() - DAY_MS);
    for (let i = 0; i < 60; i += 1) await lost({ agent_seen_at: longAgo, agent: JSON.stringify({ address: 'a:1', refused: 'BuildMismatch: x' }) });
    const id = await lost();
    const host = testHost();
    await reconciler(host).run('recover-agents');
    expect(host.orders.map((order) => order.instanceId)).toEqual([id]);
  });
  it('is left to the gateway that serves its host', async () => {
    const id = await lost({ host_id: 'host_2' });
    const host = testHost();
    expect(await reconciler(host).run('recover-agents')).toBe(0);
    expect((await store.query<{ agent: object }>('select agent from instance where id = $1', [id]))[0]?.agent).not.toHaveProperty('reenrol');
  });
});

describe('upkeep', () => {
  it('forgets certificates and tokens that nobody can use any more', async () => {
    const { id } = await activeAgent();
    const count = async (table: string): Promise<number> => Number((await store.query<{ n: string }>(`select count(*) as n from ${table}`))[0]?.n);
    expect(await count('enrolment_token')).toBe(1);
    clock.advance(9 * DAY_MS);
    expect(await reconciler().run('prune')).toBeGreaterThan(2);
    expect([await count('enrolment_token'), await count(`certificate where subject_id = '${id}'`)]).toEqual([0, 0]);
  });
  it('makes a new engine CA known to every instance before anything is signed with it', async () => {
    const { id } = await activeAgent(gateway, { engine_ca: gateway.pki.bundle('engine') });
    await gateway.pki.rotateCa('engine');
    expect(await reconciler().run('pki')).toBe(1);
    expect((await instanceRow(store, id)).engine_ca?.match(/BEGIN/g)).toHaveLength(2);
    expect(await reconciler().run('pki')).toBe(0);
  });
  it('says that it lives, and signs off when it stops', async () => {
    const loops = reconciler();
    loops.start();
    await expect.poll(async () => (await store.query('select 1 from gateway where id = $1', [gateway.id])).length).toBe(1);
    await loops.stop();
    expect(await store.query('select 1 from gateway where id = $1', [gateway.id])).toEqual([]);
  });
});
