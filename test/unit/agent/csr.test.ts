import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { createCsr, createKey, createKeyAndCsr } from '../../../agent/identity/csr.ts';
import { assertKeyFits } from '../../../agent/identity/certificate.ts';

x509.cryptoProvider.set(webcrypto as Crypto);
const read = (csr: Buffer): x509.Pkcs10CertificateRequest => new x509.Pkcs10CertificateRequest(new Uint8Array(csr));

describe('a certificate request', () => {
  it('is understood and verified by an independent implementation', async () => {
    for (let round = 0; round < 20; round++) {
      const { csr } = await createKeyAndCsr('inst_01jdx0000000000000000000aa');
      const request = read(csr);
      expect(await request.verify()).toBe(true);
      expect(request.subject).toBe('CN=inst_01jdx0000000000000000000aa');
      expect(request.publicKey.algorithm).toMatchObject({ name: 'ECDSA', namedCurve: 'P-256' });
      expect(request.extensions).toEqual([]);
    }
  });
  it('of a changed content is not verified', async () => {
    const { csr } = await createKeyAndCsr('inst_a');
    const at = csr.indexOf('inst_a');
    csr.write('inst_b', at);
    expect(await read(csr).verify()).toBe(false);
  });
  it('cuts a name that is too long for a certificate', async () => {
    const request = read(createCsr(await createKey(), 'x'.repeat(300)));
    expect([request.subject, await request.verify()]).toEqual([`CN=${'x'.repeat(64)}`, true]);
  });
  it('its certificate fits its key and no other', async () => {
    const [{ privateKey, csr }, other] = [await createKeyAndCsr('inst_a'), await createKey()];
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as CryptoKeyPair;
    const leaf = await x509.X509CertificateGenerator.create({ subject: 'CN=a', issuer: 'CN=ca', publicKey: read(csr).publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm, notAfter: new Date(Date.now() + 1000) });
    const pem = leaf.toString('pem');
    expect(new X509Certificate(pem).subject).toBe('CN=a');
    expect(() => assertKeyFits(pem, privateKey)).not.toThrow();
    expect(() => assertKeyFits(pem, other)).toThrow(/not for the key/);
  });
});
