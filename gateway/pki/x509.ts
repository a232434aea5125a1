/**
 * Certificates: EC P-256 keys, requests, CAs and leaves. The library is loaded at the first use only, so that a process
 * that issues nothing does not carry it.
 */
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';

type Library = typeof X509;
let library: Promise<Library> | undefined;

export function loadX509(): Promise<Library> {
  library ??= (async () => {
    // Its dependency container asks for the metadata API when it is loaded.
    await import('reflect-metadata');
    const loaded = (await import('@peculiar/x509')) as Library & { default?: Library };
    // a bundle of its CommonJS build has everything under `default`
    return loaded.default ?? loaded;
  })();
  return library;
}

// The library speaks of the platform's key types, which are the same objects under another declaration.
export type KeyPair = X509.X509CertificateCreateSelfSignedParams['keys'];
export type SigningKey = X509.X509CertificateCreateWithKeyParams['signingKey'];
export type PublicKey = X509.PublicKeyType;

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const CSR_LIMIT_BYTES = 4096;

export interface KeyMaterial { keys: KeyPair; privateKeyPem: string }

export async function createKey(): Promise<KeyMaterial> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { keys: keys as unknown as KeyPair, privateKeyPem: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n` };
}

export async function importPrivateKey(pem: string): Promise<SigningKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return (await webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign'])) as unknown as SigningKey;
}

/** 128 random bits as upper-case hex. The first digit is 4–7: positive and without leading zeros, so every reader writes it alike. */
export function createSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}

export const normaliseSerial = (serial: string): string => serial.replace(/[^0-9a-fA-F]/g, '').replace(/^0+/, '').toUpperCase();

export interface IssuedCertificate { pem: string; serial: string; notBeforeMs: number; notAfterMs: number }

export async function createCa(commonName: string, notBeforeMs: number, notAfterMs: number): Promise<IssuedCertificate & { privateKeyPem: string }> {
  const x509 = await loadX509();
  const { keys, privateKeyPem } = await createKey();
  const serial = createSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial, name: `CN=${commonName}, O=Coffer`, keys, signingAlgorithm: SIGNING,
    notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs),
    extensions: [
      // Path length 0: leaves only. A leaf that signs is refused by every verifier.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { pem: withNewline(certificate.toString('pem')), serial, notBeforeMs, notAfterMs, privateKeyPem };
}

export interface LeafRequest {
  ca: { certificate: string; key: SigningKey };
  publicKey: PublicKey;
  commonName: string;
  /** exactly these, whatever a request asks for */
  names: readonly { type: 'url' | 'dns' | 'ip'; value: string }[];
  usage: 'identity' | 'server';
  notBeforeMs: number;
  notAfterMs: number;
}

export async function issueLeaf(request: LeafRequest): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const ca = new x509.X509Certificate(request.ca.certificate);
  const serial = createSerial();
  // Certificates count in whole seconds and never outlive their CA.
  const notBeforeMs = Math.floor(Math.max(request.notBeforeMs, ca.notBefore.getTime()) / 1000) * 1000;
  const notAfterMs = Math.floor(Math.min(request.notAfterMs, ca.notAfter.getTime()) / 1000) * 1000;
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial, issuer: ca.subjectName, subject: `CN=${request.commonName}, O=Coffer`,
    publicKey: request.publicKey, signingKey: request.ca.key, signingAlgorithm: SIGNING,
    notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(request.usage === 'identity' ? [serverAuth, clientAuth] : [serverAuth]),
      new x509.SubjectAlternativeNameExtension([...request.names]),
      new x509.AuthorityKeyIdentifierExtension(keyIdOf(x509, ca)),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
    ],
  });
  return { pem: withNewline(certificate.toString('pem')), serial, notBeforeMs, notAfterMs };
}

const keyIdOf = (x509: Library, ca: X509.X509Certificate): string => ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ?? '';
const withNewline = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);

export class BadRequestError extends Error {
  override readonly name = 'BadRequestError';
}

/** The public key of a request whose signature proves that the caller holds the private one. Nothing else in it counts. */
export async function readCsr(der: Uint8Array): Promise<{ publicKey: PublicKey; keyHash: string }> {
  if (der.byteLength === 0 || der.byteLength > CSR_LIMIT_BYTES) throw new BadRequestError(`the certificate request must have 1 to ${CSR_LIMIT_BYTES} bytes`);
  const x509 = await loadX509();
  try {
    const csr = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
    const algorithm = csr.publicKey.algorithm as { name?: string; namedCurve?: string };
    if (algorithm.name !== KEY.name || algorithm.namedCurve !== KEY.namedCurve) throw new BadRequestError('the key must be EC P-256');
    if (!(await csr.verify())) throw new BadRequestError('the signature of the certificate request does not match its key');
    return { publicKey: csr.publicKey, keyHash: createHash('sha256').update(new Uint8Array(csr.publicKey.rawData)).digest('hex') };
  } catch (error) {
    if (error instanceof BadRequestError) throw error;
    throw new BadRequestError('the certificate request cannot be read (PKCS#10, DER, EC P-256)');
  }
}

/** A request for `keys`; used by tests and by whoever needs a leaf of its own. */
export async function createCsr(keys: KeyPair, commonName: string): Promise<Buffer> {
  const x509 = await loadX509();
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({ name: `CN=${commonName}`, keys, signingAlgorithm: SIGNING });
  return Buffer.from(csr.rawData);
}

/** IP addresses and host names as subject alternative names: sorted, without repeats. A loopback address brings `localhost`. */
export function engineNames(hosts: readonly string[]): LeafRequest['names'] {
  const names = new Set(hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1')).filter((host) => host !== '' && host !== '0.0.0.0' && host !== '::'));
  if ([...names].some(isLoopback)) for (const name of ['localhost', '127.0.0.1']) names.add(name);
  return [...names].sort().map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
}
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
