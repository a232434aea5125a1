/**
 * A key with a certificate that vouches for itself, made with nothing but node:crypto: the peers' port trusts this one
 * alone, so only who holds the key is a peer. RFC 5280. A library for this would cost every agent 10 MiB.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';

const tag = { integer: 0x02, bitString: 0x03, utf8String: 0x0c, generalizedTime: 0x18, sequence: 0x30, set: 0x31, version: 0xa0 } as const;
const commonName = Buffer.from('0603550403', 'hex');
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const version3 = Buffer.from('020102', 'hex');
/** No end worth planning for: the instance ends first. RFC 5280, 4.1.2.5. */
const forever = '99991231235959Z';
const nameLimit = 64;

export interface KeyAndCertificate { /** PKCS#8, PEM */ key: string; /** PEM */ certificate: string }

export async function createSelfSigned(subject: string, nowMs: number): Promise<KeyAndCertificate> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const publicKey = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
  const name = der(tag.sequence, der(tag.set, der(tag.sequence, commonName, der(tag.utf8String, Buffer.from(subject.slice(0, nameLimit))))));
  const validity = der(tag.sequence, time(timeOf(nowMs)), time(forever));
  // A serial number is positive.
  const serial = der(tag.integer, Buffer.concat([Buffer.from([0x01]), randomBytes(15)]));
  const content = der(tag.sequence, der(tag.version, version3), serial, ecdsaWithSha256, name, validity, name, publicKey);
  const signature = sign('sha256', content, key);
  const certificate = der(tag.sequence, content, ecdsaWithSha256, der(tag.bitString, Buffer.from([0]), signature));
  return { key, certificate: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n` };
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
const time = (value: string): Buffer => der(tag.generalizedTime, Buffer.from(value));

function der(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}
