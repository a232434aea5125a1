import { webcrypto, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/ids.ts';
import { silentLog } from '../../../kernel/log.ts';
import { createPki, type Pki } from '../../../gateway/pki/pki.ts';
import { createCsr, createKey, loadX509, type KeyPair } from '../../../gateway/pki/x509.ts';
import type { PgStore } from '../../../gateway/store/store.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { createTestStore } from '../../support/store.ts';
import { movableClock, type MovableClock, testSealer } from '../agents/harness.ts';

const HOUR_MS = 3_600_000;
let server: TestPostgres;
let store: PgStore;
let clock: MovableClock;
const sealer = testSealer();
const opened: Pki[] = [];

beforeAll(async () => { server = await startTestPostgres(); });
afterAll(() => server.stop());
beforeEach(async () => {
  store = (await createTestStore(server)).store;
  clock = movableClock();
  return async () => {
    for (const pki of opened.splice(0)) pki.close();
    await store.close();
  };
});

async function open(gatewayId = 'gw-1', on = store): Promise<Pki> {
  const pki = createPki({ store: on, sealer, log: silentLog, gatewayId, clock });
  opened.push(pki);
  await pki.open();
  return pki;
}
const csr = async (): Promise<Buffer> => createCsr((await createKey()).keys, 'x');
const blocks = (bundle: string): X509Certificate[] => (bundle.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));
const caCount = async (): Promise<number> => Number((await store.query<{ n: string }>('select count(*) as n from certificate_authority'))[0]?.n);

describe('certificate authorities', () => {
  it('are made once although two gateways start together, one for identities and one for engines', async () => {
    const [a, b] = await Promise.all([open('gw-1'), open('gw-2')]);
    expect(await caCount()).toBe(2);
    for (const kind of ['identity', 'engine'] as const) expect(a.bundle(kind)).toBe(b.bundle(kind));
    expect(a.bundle('identity')).not.toBe(a.bundle('engine'));
    const [ca] = blocks(a.bundle('identity'));
    expect(ca?.ca).toBe(true);
    expect(ca?.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });
  it('are there however slowly an earlier look at the empty store is answered', async () => {
    let delayed = 0;
    // Of the two looks at the start the first, which follows LISTEN, is answered last.
    const slow = { ...store, listen: (_channel: string, listener: (payload: string) => void) => { listener(''); return () => {}; }, transaction: store.transaction, close: store.close, async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
      const rows = await store.query<Row>(text, values);
      if (text.includes('from certificate_authority') && ++delayed === 1) await new Promise((resolve) => setTimeout(resolve, 300));
      return rows;
    } } as PgStore;
    const pki = await open('gw-1', slow);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(blocks(pki.bundle('identity'))).toHaveLength(1);
  });
  it('have keys that only the installation\'s key opens', async () => {
    await open();
    const rows = await store.query<{ key_sealed: Buffer }>('select key_sealed from certificate_authority');
    for (const { key_sealed } of rows) expect(key_sealed.includes('PRIVATE KEY')).toBe(false);
    const stranger = createPki({ store, sealer: testSealer(), log: silentLog, gatewayId: 'gw-2', clock });
    await expect(stranger.open()).rejects.toThrow(/sealed with another key/);
    stranger.close();
  });
  it('overlap while one replaces the other, and the old one ends by itself', async () => {
    const pki = await open();
    const old = pki.bundle('identity');
    const { serial: firstLeaf } = pki.credentials();
    await pki.rotateCa('identity');
    expect(blocks(pki.bundle('identity'))).toHaveLength(2);
    expect(pki.bundle('identity')).toContain(old);
    // Agents are signed by the new one at once (gateways know it), the gateway itself by the one agents know.
    const agent = new X509Certificate((await pki.renew(newId('Instance'), await csr())).certificateChain);
    const [fresh, former] = blocks(pki.bundle('identity'));
    expect(agent.verify(fresh!.publicKey)).toBe(true);
    clock.advance(17 * HOUR_MS);
    await pki.maintain();
    expect(pki.credentials().serial).not.toBe(firstLeaf);
    expect(new X509Certificate(pki.credentials().certificateChain).verify(former!.publicKey)).toBe(true);
    // A day later every agent has renewed and holds both.
    clock.advance(17 * HOUR_MS);
    await pki.maintain();
    expect(new X509Certificate(pki.credentials().certificateChain).verify(fresh!.publicKey)).toBe(true);
    clock.advance(24 * HOUR_MS);
    await pki.maintain();
    expect(blocks(pki.bundle('identity')).map((c) => c.serialNumber)).toEqual([fresh!.serialNumber]);
    const [retired] = await store.query<{ key_sealed: Buffer }>('select key_sealed from certificate_authority where retired_at is not null');
    expect(retired?.key_sealed.length).toBe(0);
  });
  it('made by another gateway are known here as soon as that commits', async () => {
    const [a, b] = await Promise.all([open('gw-1'), open('gw-2')]);
    const changed = new Promise<void>((resolve) => { b.onCredentials(() => resolve()); });
    await a.rotateCa('identity');
    await changed;
    expect(b.bundle('identity')).toBe(a.bundle('identity'));
    expect(b.credentials().trusted).toBe(a.bundle('identity'));
  });
  it('are replaced well before they end', async () => {
    const pki = await open();
    clock.advance(7 * 365 * 24 * HOUR_MS);
    await pki.maintain();
    expect(blocks(pki.bundle('identity'))).toHaveLength(2);
    expect(blocks(pki.bundle('engine'))).toHaveLength(2);
  });
});

describe('leaves', () => {
  it('of an agent name its instance, live 24 hours and begin a little earlier', async () => {
    const pki = await open();
    const instanceId = newId('Instance');
    const issued = await pki.renew(instanceId, await csr());
    const leaf = new X509Certificate(issued.certificateChain);
    expect(leaf.subjectAltName).toBe(`URI:spiffe://${pki.trustDomain()}/instance/${instanceId}`);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(leaf.serialNumber).toBe(issued.serial);
    expect(Date.parse(leaf.validTo) - clock.now()).toBeGreaterThan(24 * HOUR_MS - 5_000);
    expect(clock.now() - Date.parse(leaf.validFrom)).toBeGreaterThan(4 * 60_000);
    expect(await pki.standing(issued.serial, instanceId)).toEqual({ ok: true });
    expect(await pki.standing(issued.serial, newId('Instance'))).toMatchObject({ ok: false });
  });
  it('of an engine name the instance\'s hosts, whatever the request asks for, and only serve', async () => {
    const x509 = await loadX509();
    const pki = await open();
    const { keys } = await createKey();
    const greedy = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=evil', keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'evil.example.org' }, { type: 'url', value: `spiffe://${pki.trustDomain()}/gateway` }]), new x509.BasicConstraintsExtension(true)],
    });
    const issued = await pki.issueEngineCertificate(newId('Instance'), Buffer.from(greedy.rawData), ['127.0.0.1', 'db.example.org']);
    const leaf = new X509Certificate(issued.certificateChain);
    expect(leaf.subjectAltName).toBe('IP Address:127.0.0.1, DNS:db.example.org, DNS:localhost');
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.verify(blocks(issued.bundle)[0]!.publicKey)).toBe(true);
  });
  it('are refused for a request that proves no key, has another kind of key, or is no request', async () => {
    const pki = await open();
    const forged = await csr();
    forged[forged.length - 5]! ^= 1;
    for (const bad of [forged, Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(5_000)]) await expect(pki.renew(newId('Instance'), bad)).rejects.toThrow(/request|signature/);
    const x509 = await loadX509();
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']) as unknown as KeyPair;
    const other = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=x', keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' } });
    await expect(pki.renew(newId('Instance'), Buffer.from(other.rawData))).rejects.toThrow(/P-256/);
  });
  it('stand no more once revoked, expired or unknown', async () => {
    const pki = await open();
    const instanceId = newId('Instance');
    const [a, b] = [await pki.renew(instanceId, await csr()), await pki.renew(instanceId, await csr())];
    const heard = new Promise<string>((resolve) => { pki.onRevoked(resolve); });
    await store.transaction((tx) => pki.revoke(tx, { serial: a.serial }));
    expect(await heard).toBe(a.serial);
    expect(pki.isRevoked(a.serial)).toBe(true);
    expect(await pki.standing(a.serial, instanceId)).toEqual({ ok: false, reason: 'the certificate was revoked' });
    expect(await pki.standing(b.serial, instanceId)).toEqual({ ok: true });
    expect(await pki.standing('40', instanceId)).toMatchObject({ ok: false });
    clock.advance(25 * HOUR_MS);
    expect(await pki.standing(b.serial, instanceId)).toEqual({ ok: false, reason: 'the certificate has expired' });
  });
});

describe('an enrolment token', () => {
  const token = (pki: Pki, id: string): Promise<string> => store.transaction((tx) => pki.createEnrolmentToken(tx, id));

  it('buys one certificate, for the instance it was made for', async () => {
    const pki = await open();
    const id = newId('Instance');
    const secret = await token(pki, id);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(JSON.stringify(await store.query('select * from enrolment_token'))).not.toContain(secret);
    expect(await pki.enrol(newId('Instance'), secret, await csr())).toBeNull();
    expect(await pki.enrol(id, secret, await csr())).toMatchObject({ bundle: pki.bundle('identity') });
    expect(await pki.enrol(id, secret, await csr())).toBeNull();
    expect(await pki.enrol(id, `${secret}x`, await csr())).toBeNull();
    expect(await pki.enrol(id, '', await csr())).toBeNull();
  });
  it('survives a lost answer: the same key may come again, and its former certificate ends', async () => {
    const pki = await open();
    const id = newId('Instance');
    const secret = await token(pki, id);
    const { keys } = await createKey();
    const first = await pki.enrol(id, secret, await createCsr(keys, 'a'));
    const second = await pki.enrol(id, secret, await createCsr(keys, 'b'));
    expect(second?.serial).not.toBe(first?.serial);
    expect(await pki.standing(first!.serial, id)).toMatchObject({ ok: false });
    expect(await pki.standing(second!.serial, id)).toEqual({ ok: true });
  });
  it('is won by one of two keys that come together', async () => {
    const pki = await open();
    const id = newId('Instance');
    for (let round = 0; round < 5; round++) {
      const secret = await token(pki, id);
      const requests = await Promise.all([csr(), csr(), csr()]);
      const answers = await Promise.all(requests.map((request) => pki.enrol(id, secret, request)));
      expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
    }
  });
  it('ends after a quarter of an hour', async () => {
    const pki = await open();
    const id = newId('Instance');
    const secret = await token(pki, id);
    clock.advance(15 * 60_000 + 1_000);
    expect(await pki.enrol(id, secret, await csr())).toBeNull();
  });
});
