/**
 * What the server keeps in place of a password (caching_sha2_password): SHA-crypt with 5,000 rounds over a salt of 20
 * characters. Made here, so that the clear password reaches neither a statement nor a log of the server.
 * https://www.akkadia.org/drepper/SHA-crypt.txt
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const rounds = 5_000;
const prefix = '$A$005$';
const saltChars = 20;
const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The order in which the digest's bytes are told. */
const triples = [[0, 10, 20], [21, 1, 11], [12, 22, 2], [3, 13, 23], [24, 4, 14], [15, 25, 5], [6, 16, 26], [27, 7, 17], [18, 28, 8], [9, 19, 29]] as const;

const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const stretch = (digest: Buffer, length: number): Buffer => Buffer.alloc(length, digest);

function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const inner = sha256(key, salt, key);
  const parts = [key, salt, stretch(inner, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? inner : key);
  return sha256(...parts);
}

function encode(digest: Buffer): string {
  const letters = (value: number, count: number): string => Array.from({ length: count }, (_, index) => alphabet[(value >> (6 * index)) & 0x3f]).join('');
  const byte = (index: number): number => digest[index] ?? 0;
  return triples.map(([a, b, c]) => letters((byte(a) << 16) | (byte(b) << 8) | byte(c), 4)).join('') + letters((byte(31) << 8) | byte(30), 3);
}

function digestOf(password: string, salt: Buffer): string {
  const key = Buffer.from(password, 'utf8');
  let digest = firstDigest(key, salt);
  const byKey = stretch(sha256(...Array.from({ length: key.length }, () => key)), key.length);
  const bySalt = stretch(sha256(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    digest = sha256(isOdd ? byKey : digest, ...(round % 3 === 0 ? [] : [bySalt]), ...(round % 7 === 0 ? [] : [byKey]), isOdd ? digest : byKey);
  }
  return encode(digest);
}

/** Letters of the alphabet only: the salt is told between `$` signs. */
const freshSalt = (): Buffer => Buffer.from([...randomBytes(saltChars)].map((byte) => alphabet[byte & 0x3f]).join(''), 'latin1');

export const storedPassword = (password: string, salt: Buffer = freshSalt()): Buffer => Buffer.from(prefix + salt.toString('latin1') + digestOf(password, salt), 'latin1');

export function isStoredPassword(stored: Buffer, password: string): boolean {
  if (stored.toString('latin1', 0, prefix.length) !== prefix) return false;
  const again = storedPassword(password, stored.subarray(prefix.length, prefix.length + saltChars));
  return again.length === stored.length && timingSafeEqual(again, stored);
}
