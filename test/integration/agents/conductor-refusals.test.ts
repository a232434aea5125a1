/** Who may not speak to the conductor, tried over real sockets. */
import { connect as connectHttp2 } from 'node:http2';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/ids.ts';
import { ConductorClient } from '../../../proto/generated/coffer/conductor/v1/conductor.ts';
import { createCsr, createKey } from '../../../gateway/pki/x509.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore } from '../../support/store.ts';
import { conductorClient, enrol, insertInstance, instanceRow, movableClock, openReports, startGateway, type AgentIdentity, type MovableClock, type TestGateway } from './harness.ts';

const HOUR_MS = 3_600_000;
let server: TestPostgres;
let store: PgStore;
let gateway: TestGateway;
let clock: MovableClock;

beforeAll(async () => {
  server = await startTestPostgres();
  store = (await createTestStore(server)).store;
  clock = movableClock();
  gateway = await startGateway({ store, clock });
});
afterAll(async () => {
  await gateway.stop();
  await store.close();
  await server.stop();
});

const enrolment = (id: string) => store.transaction((tx) => gateway.issueEnrolment(tx, id));
async function newAgent(over: Record<string, unknown> = {}): Promise<{ id: string; identity: AgentIdentity }> {
  const id = await insertInstance(store, over);
  return { id, identity: await enrol(await enrolment(id), id) };
}
async function renew(client: ConductorClient): Promise<string> {
  const csr = await createCsr((await createKey()).keys, 'x');
  try {
    return await new Promise((resolve, reject) => {
      client.renew({ csr }, new Metadata(), { deadline: Date.now() + 3_000 }, (error, response) => (error ? reject(error) : resolve(response.certificateChain)));
    });
  } finally {
    client.close();
  }
}
const code = (expected: status) => expect.objectContaining({ code: expected }) as unknown;

describe('a certificate that is not good for this gateway', () => {
  it('the right one is let in', async () => {
    const { identity } = await newAgent();
    expect(await renew(conductorClient(gateway.address, identity))).toContain('BEGIN CERTIFICATE');
  });
  it('none: refused by TLS', async () => {
    const { identity } = await newAgent();
    const client = new ConductorClient(gateway.address, credentials.createSsl(Buffer.from(identity.identityCa), null, null, { checkServerIdentity: () => undefined }));
    await expect(renew(client)).rejects.toEqual(code(status.UNAVAILABLE));
  });
  it('one of another installation, agent or gateway: refused by TLS', async () => {
    const other = (await createTestStore(server)).store;
    const stranger = await startGateway({ store: other, clock });
    try {
      const id = await insertInstance(other);
      const foreign = await enrol(await other.transaction((tx) => stranger.issueEnrolment(tx, id)), id);
      const { identity } = await newAgent();
      await expect(renew(conductorClient(gateway.address, { ...foreign, identityCa: identity.identityCa, trustDomain: identity.trustDomain }))).rejects.toEqual(code(status.UNAVAILABLE));
      const own = stranger.pki.credentials();
      await expect(renew(conductorClient(gateway.address, { ...identity, certificateChain: own.certificateChain, privateKey: own.privateKey }))).rejects.toEqual(code(status.UNAVAILABLE));
    } finally {
      await stranger.stop();
      await other.close();
    }
  });
  it('a gateway\'s own: refused, since only agents call', async () => {
    const { identity } = await newAgent();
    const own = gateway.pki.credentials();
    await expect(renew(conductorClient(gateway.address, { ...identity, certificateChain: own.certificateChain, privateKey: own.privateKey }))).rejects.toEqual(code(status.PERMISSION_DENIED));
  });
  it('one of the engine CA: refused by TLS', async () => {
    const { id, identity } = await newAgent();
    const { keys, privateKeyPem } = await createKey();
    const issued = await gateway.pki.issueEngineCertificate(id, await createCsr(keys, 'x'), ['127.0.0.1']);
    await expect(renew(conductorClient(gateway.address, { ...identity, certificateChain: issued.certificateChain, privateKey: privateKeyPem }))).rejects.toEqual(code(status.UNAVAILABLE));
  });
  it('an expired one', async () => {
    const { identity } = await newAgent();
    clock.advance(24 * HOUR_MS + 1_000);
    try {
      await expect(renew(conductorClient(gateway.address, identity))).rejects.toEqual(code(status.UNAUTHENTICATED));
    } finally {
      clock.advance(-24 * HOUR_MS - 1_000);
    }
  });
  it('a revoked one, and its open stream ends at once', async () => {
    const { id, identity } = await newAgent();
    const reporter = await openReports(gateway.address, identity);
    await reporter.report();
    await store.transaction((tx) => gateway.pki.revoke(tx, { subjectId: id }));
    expect(await reporter.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: 'the certificate was revoked' });
    reporter.close();
    await expect(renew(conductorClient(gateway.address, identity))).rejects.toEqual(code(status.UNAUTHENTICATED));
    await expect(openReports(gateway.address, identity)).rejects.toEqual(code(status.UNAUTHENTICATED));
  });
  it('another instance\'s: an agent of X does not speak for Y', async () => {
    const [x, y] = [await newAgent(), await newAgent()];
    await expect(openReports(gateway.address, x.identity, { instanceId: y.id })).rejects.toEqual(code(status.PERMISSION_DENIED));
    expect(await instanceRow(store, y.id)).toMatchObject({ incarnation: '0', agent: null });
  });
  it('that of an instance that was deleted', async () => {
    const { id, identity } = await newAgent();
    await store.query('update instance set deleted_at = now() where id = $1', [id]);
    await expect(renew(conductorClient(gateway.address, identity))).rejects.toEqual(code(status.NOT_FOUND));
    await expect(openReports(gateway.address, identity)).rejects.toEqual(code(status.NOT_FOUND));
  });
  it('plain HTTP/2 gets no answer on either port', async () => {
    for (const address of [gateway.address, gateway.enrolAddress]) {
      const session = connectHttp2(`http://${address}`);
      const outcome = await new Promise<string>((resolve) => {
        session.on('error', () => resolve('refused'));
        session.on('close', () => resolve('refused'));
        session.request({ ':path': '/coffer.conductor.v1.Conductor/Renew', ':method': 'POST' }).on('response', () => resolve('answered')).on('error', () => resolve('refused'));
      });
      session.destroy();
      expect(outcome).toBe('refused');
    }
  });
});

describe('a token that is not good', () => {
  it('replayed with another key, of another instance, expired, or invented', async () => {
    const { id } = await newAgent();
    const used = await enrolment(id);
    const key = await createKey();
    await enrol(used, id, key);
    await expect(enrol(used, id)).rejects.toEqual(code(status.PERMISSION_DENIED));
    // The same key may ask again: the answer may have been lost.
    expect((await enrol(used, id, key)).certificateChain).toContain('BEGIN CERTIFICATE');
    const other = await newAgent();
    await expect(enrol(await enrolment(id), other.id)).rejects.toEqual(code(status.PERMISSION_DENIED));
    await expect(enrol({ ...used, token: 'x'.repeat(43) }, id)).rejects.toEqual(code(status.PERMISSION_DENIED));
    await expect(enrol({ ...used, token: '' }, id)).rejects.toEqual(code(status.PERMISSION_DENIED));
    const old = await enrolment(id);
    clock.advance(16 * 60_000);
    await expect(enrol(old, id).finally(() => clock.advance(-16 * 60_000))).rejects.toEqual(code(status.PERMISSION_DENIED));
  });
  it('of an instance that does not exist', async () => {
    const { id } = await newAgent();
    await expect(enrol(await enrolment(id), newId('Instance'))).rejects.toEqual(code(status.NOT_FOUND));
  });
  it('enrolment is not served where certificates are asked for, nor the other way round', async () => {
    const { id, identity } = await newAgent();
    const order = await enrolment(id);
    await expect(enrol({ ...order, enrolAddress: gateway.address }, id)).rejects.toEqual(code(status.UNAVAILABLE));
    await expect(renew(conductorClient(gateway.enrolAddress, identity))).rejects.toEqual(code(status.UNIMPLEMENTED));
  });
});

describe('an agent that does not fit', () => {
  it('is refused with the reason, which the instance shows until it fits', async () => {
    const { id, identity } = await newAgent();
    await expect(openReports(gateway.address, identity, { capabilities: ['TLS'] })).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining('AGENT.REFUSED: CapabilityMismatch') as string });
    const row = await instanceRow(store, id);
    expect(row.conditions.map((c) => `${c.type}/${c.reason}`)).toEqual(['AgentRefused/CapabilityMismatch', 'AgentUnreachable/NoReport']);
    await expect(gateway.agents.waitForAgent(id, AbortSignal.timeout(3_000))).rejects.toMatchObject({ code: 'AGENT.REFUSED' });
    const reporter = await openReports(gateway.address, identity);
    await reporter.report();
    expect(await instanceRow(store, id)).toMatchObject({ status: 'ACTIVE', conditions: [] });
    reporter.close();
  });
  it('is refused when it speaks no protocol of ours', async () => {
    const { identity } = await newAgent();
    await expect(openReports(gateway.address, identity, { protocols: ['7'] })).rejects.toEqual(code(status.FAILED_PRECONDITION));
  });
  it('is refused when it does not introduce itself first', async () => {
    const { identity } = await newAgent();
    const client = conductorClient(gateway.address, identity);
    const stream = client.report();
    const ended = new Promise((resolve) => stream.on('error', resolve));
    stream.write({ report: { $case: 'observation', value: { incarnation: 1, counter: 1, prepared: true, wanted: 'RUNNING', engine: 'ok', crashes: 0, logTail: [], managementLost: false, isolation: 'users', observedAtMs: 0 } } });
    expect(await ended).toEqual(code(status.INVALID_ARGUMENT));
    client.close();
  });
});
