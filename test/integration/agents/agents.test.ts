/** The gateway calls agents: found by instance, verified, attached again when the connection breaks. */
import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../gateway/agents/commands.ts';
import { createPresence } from '../../../gateway/agents/presence.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import type { GuestAgentServer, Outcome, RunRequest, RunResponse } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import { enrol, insertInstance, openReports, serveAgent, startGateway, useGateway, type AgentIdentity, type MovableClock, type Reporter, type TestGateway } from './harness.ts';

const HISTORY_MS = 17 * 3_600_000;
let store: PgStore;
let gateway: TestGateway;
let clock: MovableClock;
const cleanUps = useGateway((world) => { ({ store, gateway, clock } = world); }, HISTORY_MS);

const done: Outcome = { items: [], restartRequired: [], rootName: '', replayed: false, findings: [] };
const fence = { generation: 1, epoch: 1, attempt: 1 };
const start: Command = { $case: 'configure', value: { sizing: {}, parameters: {}, configuration: '' } };
const request = (command: Command = start, timeoutMs = 5_000) => ({ operationId: 'op_1', step: 'start', fence, timeoutMs, command });
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
type RunCall = ServerWritableStream<RunRequest, RunResponse>;
const answer = (call: RunCall, outcome: Outcome = done): void => { call.write({ event: { $case: 'outcome', value: outcome } }); call.end(); };

async function identityOf(id: string): Promise<AgentIdentity> {
  return enrol(await store.transaction((tx) => gateway.issueEnrolment(tx, id)), id);
}
async function serve(identity: AgentIdentity, handlers: Partial<GuestAgentServer>): Promise<{ address: string; stop(): void }> {
  const agent = await serveAgent(identity, handlers);
  cleanUps.push(() => agent.stop());
  return agent;
}
async function report(identity: AgentIdentity, address: string): Promise<Reporter> {
  const reporter = await openReports(gateway.address, identity, { address });
  cleanUps.push(() => reporter.close());
  await reporter.report();
  return reporter;
}
async function connected(handlers: Partial<GuestAgentServer>): Promise<{ id: string; identity: AgentIdentity; reporter: Reporter }> {
  const id = await insertInstance(store);
  const identity = await identityOf(id);
  const { address } = await serve(identity, handlers);
  return { id, identity, reporter: await report(identity, address) };
}

describe('a call', () => {
  it('finds the agent, brings fence, step and deadline, and streams progress', async () => {
    let got: RunRequest | undefined;
    const { id } = await connected({ run: (call: RunCall) => {
      got = call.request;
      call.write({ event: { $case: 'progress', value: { fraction: 0.5, message: 'half' } } });
      answer(call);
    } });
    const progress: unknown[] = [];
    expect(await gateway.agents.run(id, request(), { signal: signal(), progress: (...p) => progress.push(p) })).toEqual(done);
    expect(got).toMatchObject({ instanceId: id, operationId: 'op_1', step: 'start', fence, command: { $case: 'configure' } });
    expect(got?.timeoutMs).toBeGreaterThan(4_000);
    expect(progress).toEqual([[0.5, 'half']]);
  });
  it('reads: probe, databases that the agent lacks, a call it does not know', async () => {
    const { id } = await connected({
      probe: (_call, callback) => callback(null, { state: 'ok', latencyMs: 1.5, engineVersion: '1' }),
      listUsers: (_call, callback) => callback(null, { users: [{ user: { name: 'ann' }, grants: [{ privileges: ['READ'] }] }] }),
    });
    expect(await gateway.agents.probe(id, { signal: signal() })).toEqual({ state: 'ok', detail: null, engineVersion: '1', latencyMs: 1.5 });
    expect(await gateway.agents.listUsers(id, { signal: signal() })).toEqual([{ name: 'ann', host: undefined, authDatabase: undefined, grants: [{ database: null, privileges: ['READ'] }] }]);
    await expect(gateway.agents.listDatabases(id, { signal: signal() })).rejects.toMatchObject({ code: 'CAPABILITY.UNSUPPORTED' });
    await expect(gateway.agents.describe(id, { signal: signal() })).rejects.toMatchObject({ code: 'CAPABILITY.UNSUPPORTED' });
  });
  it('for a capability the agent lacks does not reach it', async () => {
    let calls = 0;
    const { id } = await connected({ run: (call: RunCall) => { calls += 1; answer(call); } });
    await expect(gateway.agents.run(id, request({ $case: 'enableRoot', value: { password: 'x' } }), { signal: signal() })).rejects.toMatchObject({ code: 'CAPABILITY.UNSUPPORTED' });
    expect(calls).toBe(0);
  });
  it('refused by fence is told as such and not repeated', async () => {
    let calls = 0;
    const { id } = await connected({ run: (call: RunCall) => { calls += 1; call.emit('error', { code: status.FAILED_PRECONDITION, details: 'older fence' }); } });
    await expect(gateway.agents.run(id, request(), { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    expect(calls).toBe(1);
  });
  it('to an agent that is not there fails at once, or waits when it may', async () => {
    const id = await insertInstance(store);
    await expect(gateway.agents.probe(id, { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.UNREACHABLE' });
    await expect(gateway.agents.run(id, request(start, 300), { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.UNREACHABLE' });
    const running = gateway.agents.run(id, request(), { signal: signal() });
    const identity = await identityOf(id);
    const { address } = await serve(identity, { run: (call: RunCall) => answer(call) });
    await report(identity, address);
    expect(await running).toEqual(done);
  });
  it('to an unknown instance is told as not found', async () => {
    await expect(gateway.agents.run('inst_0', request(), { signal: signal() })).rejects.toMatchObject({ code: 'RESOURCE.NOT_FOUND' });
  });
});

describe('a connection that breaks', () => {
  it('under a command is taken up again, and the recorded outcome is the answer', async () => {
    let calls = 0;
    const { id } = await connected({ run: (call: RunCall) => {
      calls += 1;
      if (calls === 1) call.emit('error', { code: status.UNAVAILABLE, details: 'gone' });
      else if (calls === 2) call.end();
      else answer(call, { ...done, replayed: true });
    } });
    expect(await gateway.agents.run(id, request(), { signal: signal() })).toMatchObject({ replayed: true });
    expect(calls).toBe(3);
  });
  it('with the whole agent is taken up at its new address', async () => {
    const id = await insertInstance(store);
    const identity = await identityOf(id);
    const first = await serve(identity, { run: () => first.stop() });
    const reporter = await report(identity, first.address);
    const running = gateway.agents.run(id, request(), { signal: signal() });
    await expect.poll(async () => fetchable(first.address)).toBe(false);
    reporter.close();
    const second = await serve(identity, { run: (call: RunCall) => answer(call) });
    await report(identity, second.address);
    expect(await running).toEqual(done);
  });
  it('for good ends with the deadline', async () => {
    const { id } = await connected({ run: (call: RunCall) => call.emit('error', { code: status.UNAVAILABLE, details: 'gone' }) });
    await expect(gateway.agents.run(id, request(start, 600), { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.UNREACHABLE' });
  });
  it('aborted by the caller detaches, and the command goes on', async () => {
    let isCancelled = false;
    const abort = new AbortController();
    const { id } = await connected({ run: (call: RunCall) => { call.on('cancelled', () => { isCancelled = true; }); abort.abort(new Error('lease lost')); } });
    await expect(gateway.agents.run(id, request(), { signal: abort.signal })).rejects.toThrow('lease lost');
    await expect.poll(() => isCancelled).toBe(true);
  });
});

describe('who answers', () => {
  it('must be the agent of the instance that is meant: another one\'s certificate is refused', async () => {
    let calls = 0;
    const run = (call: RunCall): void => { calls += 1; answer(call); };
    const [mine, other] = [await insertInstance(store), await insertInstance(store)];
    const impostor = await serve(await identityOf(other), { run });
    await report(await identityOf(mine), impostor.address);
    await expect(gateway.agents.run(mine, request(start, 700), { signal: signal() })).rejects.toMatchObject({ code: 'AGENT.UNREACHABLE' });
    expect(calls).toBe(0);
  });
  it('a renewed certificate of the gateway disturbs no running command', async () => {
    let finish = (): void => {};
    const serials: string[] = [];
    const { id } = await connected({
      run: (call: RunCall) => { serials.push(call.getAuthContext().sslPeerCertificate!.serialNumber); finish = () => answer(call); },
      probe: (call, callback) => { serials.push(call.getAuthContext().sslPeerCertificate!.serialNumber); callback(null, { state: 'ok', latencyMs: 1 }); },
    });
    const running = gateway.agents.run(id, request(), { signal: signal() });
    await expect.poll(() => serials.length).toBe(1);
    clock.advance(HISTORY_MS);
    await gateway.pki.maintain();
    await gateway.agents.probe(id, { signal: signal() });
    finish();
    expect(await running).toEqual(done);
    expect(serials[1]).toBe(gateway.pki.credentials().serial);
    expect(serials[0]).not.toBe(serials[1]);
  });
});

describe('waiting for an agent', () => {
  it('ends when it connects, driven by the notification, whichever gateway it came to', async () => {
    const other = await startGateway({ store, clock });
    cleanUps.push(() => other.stop());
    const id = await insertInstance(store);
    const identity = await identityOf(id);
    const waiting = other.agents.waitForAgent(id, signal());
    const statements: string[] = [];
    store.onStatement((text) => { if (text.includes('agent_gateway is not null')) statements.push(text); });
    await report(identity, '127.0.0.1:9');
    expect(await waiting).toMatchObject({ instanceId: id, capabilities: ['TLS', 'USERS'] });
    expect(statements.length).toBeLessThan(4);
  });
  it('ends with the signal\'s reason', async () => {
    const id = await insertInstance(store);
    const abort = new AbortController();
    const waiting = gateway.agents.waitForAgent(id, abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

async function fetchable(address: string): Promise<boolean> {
  const { connect } = await import('node:net');
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

describe('news of an agent that got lost', () => {
  it('is found by looking', async () => {
    const id = await insertInstance(store);
    const presence = createPresence(store);
    cleanUps.push(() => presence.close());
    const [found, engine] = [presence.wait(id, signal()), presence.waitForEngine(id, ['ok'], signal())];
    // waiting by now, and nobody is told of what follows
    await presence.find(id).catch(() => {});
    await store.query(`update instance set agent_gateway = 'gw', agent = '{"address": "a:1"}', observation = '{"engine": "ok"}' where id = $1`, [id]);
    expect((await found).address).toBe('a:1');
    await engine;
  });
});
