/**
 * What the server keeps in place of a password (caching_sha2_password): SHA-crypt over a salt of 20 characters, with the
 * 10,000 rounds it takes by itself. Made here, so that the clear password reaches neither a statement nor a log of the server.
 * https://www.akkadia.org/drepper/SHA-crypt.txt
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `$A$`, the rounds in thousands as three digits of base 16, `$`. */
const head = /^\$A\$([0-9A-F]{3})\$/;
const headChars = 7;
const ownRounds = 10_000;
const headOf = (rounds: number): string => `$A$${(rounds / 1000).toString(16).toUpperCase().padStart(3, '0')}$`;
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

function digestOf(password: string, salt: Buffer, rounds: number): string {
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

export const storedPassword = (password: string, salt: Buffer = freshSalt(), rounds = ownRounds): Buffer => Buffer.from(headOf(rounds) + salt.toString('latin1') + digestOf(password, salt, rounds), 'latin1');

export function isStoredPassword(stored: Buffer, password: string): boolean {
  const thousands = head.exec(stored.toString('latin1'))?.[1];
  if (thousands === undefined) return false;
  const again = storedPassword(password, stored.subarray(headChars, headChars + saltChars), Number.parseInt(thousands, 16) * 1000);
  return again.length === stored.length && timingSafeEqual(again, stored);
}
