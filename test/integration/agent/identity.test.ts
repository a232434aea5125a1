import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgent, createDatabase, instanceId, nextOperation, none, runOn, type TestAgent, trustDomain } from './support/agent.ts';

const until = async (holds: () => boolean, timeoutMs = 10_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it did not hold within ${timeoutMs} ms`);
    await delay(20);
  }
};

describe('identity', () => {
  let agent: TestAgent;
  beforeEach(async () => { agent = await createAgent(); });
  afterEach(async () => { await agent.dispose(); });
  const presentedSerial = (): Promise<string> => new Promise((resolve, reject) => {
    const [host = '', port] = (agent.conductor.hellos.at(-1)?.address ?? '').split(':');
    const socket = connect({ host, port: Number(port), ca: agent.ca.pem, key: agent.gateway.key, cert: agent.gateway.chain, checkServerIdentity: () => undefined }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });

  it('is kept in files of the agent alone, and the token is gone', async () => {
    await agent.prepare();
    const file = join(agent.boot.paths.agent, 'identity', 'identity.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(join(agent.boot.paths.agent, 'enrol.json'))).toBe(false);
    const { certificateChain } = JSON.parse(readFileSync(file, 'utf8')) as { certificateChain: string };
    expect(new X509Certificate(certificateChain).subjectAltName).toBe(`URI:spiffe://${trustDomain}/instance/${instanceId}`);
  });

  it('a token is not used twice; a fresh one helps', async () => {
    const token = await agent.writeEnrol();
    await agent.start();
    await agent.signal('SIGKILL');
    await rm(join(agent.boot.paths.agent, 'identity'), { recursive: true });
    await agent.writeEnrol(token);
    agent.conductor.tokens.delete(token);
    const restarted = agent.start();
    await until(() => agent.log().some((line) => line['message'] === 'the enrolment token was refused; a fresh one is needed'));
    await agent.writeEnrol();
    await restarted;
    expect(agent.conductor.enrolments).toBe(2);
  });

  it('is renewed at two thirds with a fresh key, and a call under way goes on', async () => {
    agent.conductor.leaf = { lifetimeMs: 64_000, notBeforeMs: Date.now() - 60_000 };
    await agent.writeEnrol();
    await agent.start();
    agent.conductor.leaf = {};
    const before = await presentedSerial();
    await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: {}, configuration: '' } });
    await agent.run({ $case: 'start', value: none });
    const client = agent.client();
    const request = { instanceId, operationId: nextOperation(), step: 'x', fence: { generation: 1, epoch: 1, attempt: 1 }, timeoutMs: 20_000, command: createDatabase('slow-4000') };
    const call = runOn(client, request);
    await until(() => agent.conductor.renewals > 0);
    await agent.conductor.hello(2);
    expect((await call).fault).toBeUndefined();
    expect(await presentedSerial()).not.toBe(before);
    expect(agent.conductor.renewals).toBe(1);
  });

  it('an agent that slept through its expiry keeps its engine and waits for a token', async () => {
    await agent.prepare();
    await agent.signal('SIGTERM');
    const hellos = agent.conductor.hellos.length;
    const monthMs = 31 * 24 * 3_600_000;
    const restarted = agent.start({ COFFER_TEST_CLOCK_OFFSET_MS: String(monthMs) });
    await until(() => agent.log().some((line) => line['reason'] === 'expired'));
    process.kill(agent.enginePid(), 'SIGKILL');
    const pid = agent.enginePid();
    await until(() => agent.enginePid() !== pid);
    await delay(300);
    expect(agent.conductor.hellos).toHaveLength(hellos);
    await agent.writeEnrol();
    agent.child().kill('SIGHUP');
    await restarted;
    await agent.conductor.observed((seen) => seen.engine === 'ok', { since: agent.conductor.observations.length - 1 });
    expect(agent.conductor.enrolments).toBe(2);
  });

  it('the engine\'s certificate is renewed at two thirds and loaded by the engine', async () => {
    await agent.writeEnrol();
    await agent.start();
    agent.conductor.leaf = { lifetimeMs: 63_000, notBeforeMs: Date.now() - 60_000 };
    await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: {}, configuration: '' } });
    agent.conductor.leaf = {};
    await agent.run({ $case: 'start', value: none });
    await until(() => agent.effects().includes('rotate'));
    expect(agent.conductor.engineCertificates).toBe(2);
    const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => join(agent.boot.paths.tls, 'current', name));
    expect(statSync(key ?? '').mode & 0o777).toBe(0o600);
    expect(new X509Certificate(readFileSync(certificate ?? '')).verify(new X509Certificate(agent.ca.pem).publicKey)).toBe(true);
  });

  it('one that the engine had not loaded when the agent was killed is loaded by the next agent', async () => {
    await agent.writeEnrol();
    await agent.start();
    await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: {}, configuration: '' } });
    await agent.run({ $case: 'start', value: none });
    const unloaded = join(agent.boot.paths.agent, 'tls-unloaded');
    // The rotation ends with the agent, after its files were made: the engine's folder of effects is closed to it.
    const effects = join(agent.boot.paths.logs, 'effects');
    await rename(effects, `${effects}.kept`);
    await mkdir(effects);
    expect((await agent.run({ $case: 'rotateCertificate', value: {} })).fault).toBeDefined();
    expect(existsSync(unloaded)).toBe(true);
    await agent.signal('SIGKILL');
    await rm(effects, { recursive: true });
    await rename(`${effects}.kept`, effects);
    await agent.start();
    await until(() => agent.effects().includes('rotate'));
    await until(() => !existsSync(unloaded));
    expect(agent.conductor.engineCertificates).toBe(2);
  });

  it('streams that break are opened again within a second', async () => {
    await agent.prepare();
    for (let round = 2; round <= 4; round++) {
      const brokenMs = Date.now();
      agent.conductor.dropStreams();
      await agent.conductor.hello(round);
      expect(Date.now() - brokenMs).toBeLessThan(1_500);
    }
    const counters = agent.conductor.observations.map(({ incarnation, counter }) => [incarnation, counter] as const);
    for (const [index, [incarnation, counter]] of counters.entries()) {
      const before = counters[index - 1];
      expect(counter).toBe(before && before[0] === incarnation ? before[1] + 1 : 1);
    }
  });
});
