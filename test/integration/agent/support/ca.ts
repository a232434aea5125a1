/** A certificate authority for one test. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as Crypto);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface LeafOptions { uri?: string; notBeforeMs?: number; lifetimeMs?: number }
export interface Credentials { chain: string; key: string; ca: string }
export interface TestCa {
  pem: string;
  /** Key and certificate made here. */
  issue(options?: LeafOptions): Promise<Credentials>;
  /** A certificate for the key of a request. Throws when its signature is wrong. */
  sign(csr: Buffer, options?: LeafOptions): Promise<string>;
}

const hourMs = 3_600_000;
const pemOf = (key: ArrayBuffer): string => x509.PemConverter.encode(key, 'PRIVATE KEY');

export async function createCa(name = 'Test CA'): Promise<TestCa> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as CryptoKeyPair;
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`, keys, signingAlgorithm: algorithm, notBefore: new Date(Date.now() - 48 * hourMs), notAfter: new Date(Date.now() + 24 * 365 * hourMs),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  });
  const pem = ca.toString('pem');
  const certify = async (publicKey: CryptoKey | x509.PublicKey, { uri, notBeforeMs = Date.now() - 60_000, lifetimeMs = hourMs }: LeafOptions): Promise<string> => {
    const leaf = await x509.X509CertificateGenerator.create({
      subject: 'CN=leaf', issuer: ca.subject, publicKey, signingKey: keys.privateKey, signingAlgorithm: algorithm,
      notBefore: new Date(notBeforeMs), notAfter: new Date(notBeforeMs + lifetimeMs),
      extensions: [...(uri ? [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])] : []), new x509.BasicConstraintsExtension(false)],
    });
    return leaf.toString('pem');
  };
  return {
    pem,
    async issue(options = {}) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as CryptoKeyPair;
      return { chain: await certify(own.publicKey, options), key: pemOf(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)), ca: pem };
    },
    async sign(csr, options = {}) {
      const request = new x509.Pkcs10CertificateRequest(new Uint8Array(csr));
      if (!(await request.verify())) throw new Error('the request is not signed by its key');
      return certify(request.publicKey, options);
    },
  };
}
