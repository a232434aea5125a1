import { type ClientHttp2Session, connect } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestAgentClient } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import { createAgent, gatewayUri, instanceId, type TestAgent, trustDomain } from './support/agent.ts';
import { createCa, type Credentials } from './support/ca.ts';

const describeCall = (client: GuestAgentClient, id = instanceId): Promise<string> =>
  new Promise((resolve, reject) => client.describe({ instanceId: id }, (error, answer) => (error ? reject(error) : resolve(answer.instanceId))));
const codeOf = async (call: Promise<unknown>): Promise<number> => {
  try {
    await call;
    return status.OK;
  } catch (error) {
    return (error as { code: number }).code;
  }
};

describe('who may call an agent', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await createAgent();
    await agent.writeEnrol();
    await agent.start();
  });
  afterAll(async () => { await agent.dispose(); });
  const code = (as: Credentials, id?: string): Promise<number> => codeOf(describeCall(agent.client(as), id));

  it('the gateway of its installation', async () => {
    expect(await code(agent.gateway)).toBe(status.OK);
  });
  it('nobody about another instance', async () => {
    expect(await code(agent.gateway, 'inst_01jdx0000000000000000000bb')).toBe(status.PERMISSION_DENIED);
  });
  it('not another agent, nor itself', async () => {
    for (const id of ['inst_01jdx0000000000000000000bb', instanceId]) {
      expect(await code(await agent.ca.issue({ uri: `spiffe://${trustDomain}/instance/${id}` }))).toBe(status.PERMISSION_DENIED);
    }
  });
  it.each([undefined, 'spiffe://other.coffer.internal/gateway', `${gatewayUri}/x`, `spiffe://${trustDomain}/Gateway`])('not a certificate that says %s', async (uri) => {
    expect([status.PERMISSION_DENIED, status.UNAUTHENTICATED]).toContain(await code(await agent.ca.issue(uri ? { uri } : {})));
  });
  it('not the gateway of another installation', async () => {
    const other = await (await createCa('Other CA')).issue({ uri: gatewayUri });
    expect(await code(other)).toBe(status.UNAVAILABLE);
  });
  it('not with an expired certificate, nor with one of tomorrow', async () => {
    const hour = 3_600_000;
    expect(await code(await agent.ca.issue({ uri: gatewayUri, notBeforeMs: Date.now() - 2 * hour, lifetimeMs: hour }))).toBe(status.UNAVAILABLE);
    expect(await code(await agent.ca.issue({ uri: gatewayUri, notBeforeMs: Date.now() + hour, lifetimeMs: hour }))).toBe(status.UNAVAILABLE);
  });
  /** What came before the connection was over: a response, or nothing. */
  const responseOf = async (session: ClientHttp2Session): Promise<object | null> => {
    let response: object | null = null;
    session.on('error', () => undefined);
    const request = session.request({ ':path': '/coffer.agent.v1.GuestAgent/Describe', ':method': 'POST', 'content-type': 'application/grpc' });
    request.on('error', () => undefined);
    request.on('response', (headers) => { response = headers; });
    request.end();
    await new Promise((resolve) => request.once('close', resolve));
    session.destroy();
    return response;
  };
  it('not without a certificate', async () => {
    const address = agent.conductor.hellos[0]?.address ?? '';
    expect(await responseOf(connect(`https://${address}`, { ca: agent.ca.pem, checkServerIdentity: () => undefined, servername: 'agent' }))).toBeNull();
  });
  it('not over plain HTTP/2', async () => {
    expect(await responseOf(connect(`http://${agent.conductor.hellos[0]?.address ?? ''}`))).toBeNull();
  });
});
