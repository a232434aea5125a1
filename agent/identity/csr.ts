/**
 * A key and a certificate request (PKCS#10, RFC 2986) made with nothing but node:crypto. The issuer decides name,
 * extensions and lifetime, whatever a request asks, so ours asks for nothing: it proves possession of the key and tells
 * the instance. A library for this would cost every agent 10 MiB.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';

export interface KeyAndCsr { /** PKCS#8, PEM */ privateKey: string; /** DER */ csr: Buffer }

const tag = { integer: 0x02, bitString: 0x03, utf8String: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 } as const;
const commonName = Buffer.from('0603550403', 'hex');
const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');
const version0 = Buffer.from('020100', 'hex');
/** Longest common name of X.520. */
const nameLimit = 64;

/** EC P-256. */
export async function createKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

export function createCsr(privateKey: string, subject: string): Buffer {
  const key = createPrivateKey(privateKey);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = der(tag.sequence, der(tag.set, der(tag.sequence, commonName, der(tag.utf8String, Buffer.from(subject.slice(0, nameLimit))))));
  const info = der(tag.sequence, version0, name, publicKey, der(tag.attributes));
  const signature = sign('sha256', info, key);
  return der(tag.sequence, info, der(tag.sequence, ecdsaWithSha256), der(tag.bitString, Buffer.from([0]), signature));
}

export async function createKeyAndCsr(subject: string): Promise<KeyAndCsr> {
  const privateKey = await createKey();
  return { privateKey, csr: createCsr(privateKey, subject) };
}

function der(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([type]), derLength(body.length), body]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}
