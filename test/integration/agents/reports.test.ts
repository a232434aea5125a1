/** What reports do to the instance: order, incarnations, silence, several gateways, rotation. */
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { DISCONNECT_GRACE_MS } from '../../../gateway/domain/instance/status.ts';
import { toObservationDoc } from '../../../gateway/agents/observation.ts';
import { createAgentRecords } from '../../../gateway/agents/records.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import {
  conductorClient, enrol, eventsOf, hello, insertInstance, instanceRow, observation, openReports, RELEASE, startGateway, useGateway, waitForEvent,
  type AgentIdentity, type MovableClock, type Reporter, type TestGateway,
} from './harness.ts';

const HISTORY_MS = 17 * 3_600_000;
let store: PgStore;
let gateway: TestGateway;
let clock: MovableClock;
// Tests move the clock forward, up to the present: what is issued there must be valid for TLS, which knows only that.
const cleanUps = useGateway((world) => { ({ store, gateway, clock } = world); }, HISTORY_MS);

async function newAgent(over: Record<string, unknown> = {}): Promise<{ id: string; identity: AgentIdentity }> {
  const id = await insertInstance(store, over);
  return { id, identity: await enrol(await store.transaction((tx) => gateway.issueEnrolment(tx, id)), id) };
}
async function open(identity: AgentIdentity, address = gateway.address): Promise<Reporter> {
  const reporter = await openReports(address, identity);
  cleanUps.push(() => reporter.close());
  return reporter;
}
const summary = async (id: string): Promise<string[]> => (await eventsOf(store, id)).map(({ doc }) => [doc.status, ...doc.conditions.map((c) => c.reason)].join(' '));

describe('a report', () => {
  it('that was under way when its stream ended does not make an agent that is gone look connected', async () => {
    const id = await insertInstance(store);
    const records = createAgentRecords({ store, clock, gatewayId: 'gw_of_the_stream', release: RELEASE, capabilitiesOf: () => [] });
    const connected = await records.connect(hello(id), '01');
    const incarnation = connected.ok ? connected.incarnation : 0;
    const told = (counter: number) => toObservationDoc(observation(incarnation, counter, { crashes: counter }), incarnation, clock.now());
    expect(await records.accept(id, told(1), () => true)).toBe('accepted');
    expect(await instanceRow(store, id)).toMatchObject({ agent_connected: true });
    await records.disconnect(id, incarnation, clock.now());
    expect(await records.accept(id, told(2), () => false)).toBe('late');
    expect(await instanceRow(store, id)).toMatchObject({ agent_connected: false, agent_gateway: null, report_counter: '1' });
  });
  it('that is news becomes status and event in one, what is not becomes neither', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    await agent.report();
    await agent.report({ volumeUsedBytes: 2 });
    await agent.report({ engine: 'down' });
    await agent.report({ engine: 'ok', crashes: 1 });
    expect(await summary(id)).toEqual(['UNKNOWN NoReport', 'ACTIVE', 'UNHEALTHY EngineDown', 'ACTIVE']);
    const events = await eventsOf(store, id);
    expect(events.map((e) => e.doc.revision)).toEqual([2, 3, 4, 5]);
    expect((await instanceRow(store, id)).revision).toBe(5);
  });
  it('tells how much of the volume is used to a hundredth, with the time of it; a little more is no event, and not lost', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    const hundredth = 1024 ** 3 / 100;
    await agent.report({ volumeUsedBytes: 1, volumeUsedAgeMs: 1_000 });
    const look = async () => (await store.query<{ revision: number; volume_used_bytes: string; volume_used_at: Date }>('select revision, volume_used_bytes, volume_used_at from instance where id = $1', [id]))[0]!;
    const first = await look();
    // Other news carries the figure along.
    await agent.report({ volumeUsedBytes: Math.floor(0.9 * hundredth), volumeUsedAgeMs: 0, volumeGb: 1 });
    await agent.report({ volumeUsedBytes: Math.floor(0.9 * hundredth), volumeUsedAgeMs: 0, volumeGb: 2 });
    const second = await look();
    expect([second.revision, Number(second.volume_used_bytes)]).toEqual([first.revision, 1]);
    expect(second.volume_used_at.getTime()).toBeGreaterThan(first.volume_used_at.getTime());
    await agent.report({ volumeUsedBytes: Math.floor(1.8 * hundredth), volumeUsedAgeMs: 0, volumeGb: 3 });
    const third = await look();
    expect([third.revision, Number(third.volume_used_bytes)]).toEqual([first.revision + 1, Math.floor(1.8 * hundredth)]);
  });
  it('turns into an event within tens of milliseconds', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    const times: number[] = [];
    for (let round = 0; round < 10; round++) {
      const engine = round % 2 === 0 ? 'down' : 'ok';
      const count = (await eventsOf(store, id)).length;
      const startedAt = performance.now();
      void agent.report({ engine });
      await waitForEvent(store, id, (event) => event.doc.revision === count + 2);
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    // Generous, for a busy machine; the usual is below 20.
    expect(times[5]).toBeLessThan(250);
  });
  it('late or of an older stream is dropped', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report({ counter: 5 });
    const before = await instanceRow(store, id);
    const late = (value: ReturnType<typeof observation>): Promise<void> => new Promise((resolve) => {
      agent.stream.on('data', ({ message }) => { if (message?.$case === 'ack' && message.value.counter === value.counter) resolve(); });
      agent.send(value);
    });
    await late(observation(agent.incarnation, 4, { engine: 'down' }));
    await late(observation(agent.incarnation - 1, 900, { engine: 'down' }));
    await late(observation(agent.incarnation + 1, 901, { engine: 'down' }));
    expect(await instanceRow(store, id)).toEqual(before);
  });
  it('of an engine that fell and came back while the store was busy tells both', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    const busy = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = store.transaction(async (tx) => {
      await tx.query('select 1 from instance where id = $1 for update', [id]);
      held.resolve();
      await busy.promise;
    });
    await held.promise;
    // The first of them waits for the row, the others wait for it.
    agent.send(observation(agent.incarnation, 2, { engine: 'ok', crashes: 0, detail: 'busy' }));
    agent.send(observation(agent.incarnation, 3, { engine: 'down' }));
    agent.send(observation(agent.incarnation, 4, { engine: 'starting', crashes: 1 }));
    agent.send(observation(agent.incarnation, 5, { engine: 'starting', crashes: 1, detail: 'loading' }));
    const last = agent.report({ counter: 6, engine: 'ok', crashes: 1 });
    busy.resolve();
    await Promise.all([holding, last]);
    expect(await summary(id)).toEqual(['UNKNOWN NoReport', 'ACTIVE', 'UNHEALTHY EngineDown', 'UNHEALTHY EngineStarting', 'ACTIVE']);
  });
  it('of a flood only the newest has to be written', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    for (let counter = 2; counter < 1_000; counter++) agent.send(observation(agent.incarnation, counter, { engine: counter % 2 ? 'ok' : 'down' }));
    await agent.report({ counter: 1_000, engine: 'hung' });
    expect(await instanceRow(store, id)).toMatchObject({ status: 'UNHEALTHY', report_counter: '1000' });
    expect((await eventsOf(store, id)).length).toBeLessThan(40);
  });
  it('without news still keeps the row fresh, for many agents in one statement', async () => {
    const agents = await Promise.all(Array.from({ length: 5 }, () => newAgent()));
    const reporters = await Promise.all(agents.map(({ identity }) => open(identity)));
    await Promise.all(reporters.map((reporter) => reporter.report()));
    const revision = (await instanceRow(store, agents[0]!.id)).revision;
    clock.advance(50_000);
    const statements: string[] = [];
    const flushed = new Promise<void>((resolve) => { store.onStatement((text) => { if (/unnest/.test(text)) { statements.push(text); resolve(); } }); });
    await Promise.all(reporters.map((reporter) => reporter.report()));
    await flushed;
    await expect.poll(async () => (await store.query('select id from instance where agent_seen_at > $1', [new Date(clock.now() - 5_000)])).length).toBe(5);
    expect(statements.length).toBeLessThan(4);
    expect((await instanceRow(store, agents[0]!.id)).revision).toBe(revision);
  });
});

describe('a stream', () => {
  it('that ends makes the instance UNKNOWN, after a short grace', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    const endedAt = Date.now();
    agent.close();
    await waitForEvent(store, id, ({ doc }) => doc.status === 'UNKNOWN' && doc.conditions.some((c) => c.reason === 'Disconnected'));
    expect(Date.now() - endedAt).toBeGreaterThanOrEqual(DISCONNECT_GRACE_MS - 20);
    expect(await instanceRow(store, id)).toMatchObject({ agent_connected: false, agent_gateway: null });
  });
  it('that is taken up again is believed again, under a new incarnation', async () => {
    const { id, identity } = await newAgent();
    const first = await open(identity);
    await first.report();
    first.close();
    await expect.poll(async () => (await instanceRow(store, id)).agent_connected).toBe(false);
    const second = await open(identity);
    await second.report();
    await expect.poll(async () => (await summary(id)).at(-1)).toBe('ACTIVE');
    expect(second.incarnation).toBe(first.incarnation + 1);
  });
  it('of an older incarnation is ended when a newer comes, on the same gateway and on another', async () => {
    const { id, identity } = await newAgent();
    const other = await startGateway({ store, clock });
    cleanUps.push(() => other.stop());
    const [first, second] = [await open(identity), await open(identity)];
    void first.report();
    expect(await first.ended).toMatchObject({ code: status.ABORTED });
    await second.report();
    const third = await open(identity, other.address);
    await third.report({ engine: 'hung' });
    // The zombie says that all is well; nobody believes it.
    void second.report({ engine: 'ok', crashes: 3 });
    expect(await second.ended).toMatchObject({ code: status.ABORTED });
    expect(await instanceRow(store, id)).toMatchObject({ status: 'UNHEALTHY', agent_gateway: other.id, agent_connected: true, incarnation: String(third.incarnation) });
  });
  it('that falls silent is ended', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    expect(await agent.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await waitForEvent(store, id, ({ doc }) => doc.status === 'UNKNOWN' && doc.conditions.some((c) => c.reason === 'Disconnected'));
  });
  it('of a gateway that was thought dead puts the record right', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    await store.query('update instance set agent_connected = false where id = $1', [id]);
    await agent.report();
    await expect.poll(async () => { await agent.report(); return (await instanceRow(store, id)).agent_connected; }).toBe(true);
  });
  it('is told of every live conductor, and finds its way when one goes', async () => {
    const { id, identity } = await newAgent();
    const other = await startGateway({ store, clock });
    cleanUps.push(() => other.stop());
    const agent = await open(identity);
    await agent.report();
    expect(agent.conductors).toEqual([gateway.address, other.address]);
    await gateway.stop();
    expect(await agent.ended).toMatchObject({ code: status.UNAVAILABLE });
    const again = await open(identity, agent.conductors[1]);
    await again.report();
    expect(again.conductors).toEqual([other.address]);
    expect(await summary(id)).toEqual(['UNKNOWN NoReport', 'ACTIVE']);
  });
});

describe('a build that is not finished', () => {
  it('stays BUILDING however well its engine is', async () => {
    const task = JSON.stringify({ id: 'op_1', kind: 'instance.create' });
    const { id, identity } = await newAgent({ prepared: false, status: 'BUILDING', task });
    const agent = await open(identity);
    await agent.report({ prepared: false, engine: 'down' });
    await agent.report({ prepared: true, engine: 'ok' });
    expect(await instanceRow(store, id)).toMatchObject({ status: 'BUILDING', prepared: true, agent: { capabilities: ['TLS', 'USERS'] } });
  });
  it('that failed and gave everything back does not come to life again', async () => {
    const { id, identity } = await newAgent({ prepared: false, released: true, status: 'ERROR' });
    const agent = await open(identity);
    await agent.report({ prepared: true, engine: 'ok' });
    expect(await instanceRow(store, id)).toMatchObject({ status: 'ERROR', prepared: false });
  });
});

describe('certificates change', () => {
  it('under an open stream, which goes on', async () => {
    const { id, identity } = await newAgent();
    const agent = await open(identity);
    await agent.report();
    const { serial } = gateway.pki.credentials();
    clock.advance(HISTORY_MS);
    await gateway.pki.maintain();
    expect(gateway.pki.credentials().serial).not.toBe(serial);
    await agent.report({ engine: 'hung' });
    expect(await instanceRow(store, id)).toMatchObject({ status: 'UNHEALTHY' });
    // New connections get the new one, and the old agent certificate is still good.
    const fresh = await open(identity);
    await fresh.report();
    expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE' });
  });
  it('with the CA: agents of the old and of the new one are served side by side', async () => {
    const old = await newAgent();
    await gateway.pki.rotateCa('identity');
    const renewed = await newAgent();
    expect(renewed.identity.identityCa.match(/BEGIN/g)).toHaveLength(2);
    for (const { id, identity } of [old, renewed]) {
      const agent = await open(identity);
      await agent.report();
      expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE' });
    }
  });
  it('an engine certificate brings the instance its CA', async () => {
    const { id, identity } = await newAgent();
    const client = conductorClient(gateway.address, identity);
    cleanUps.push(() => client.close());
    const { createCsr, createKey } = await import('../../../gateway/pki/x509.ts');
    const csr = await createCsr((await createKey()).keys, 'x');
    const answer = await new Promise<{ engineCa: string }>((resolve, reject) => client.issueEngineCertificate({ csr }, (error, response) => (error ? reject(error) : resolve(response))));
    expect(answer.engineCa).toBe(gateway.pki.bundle('engine'));
    expect((await instanceRow(store, id)).engine_ca).toBe(answer.engineCa);
  });
});
