/**
 * Sealing of secrets at rest: AES-256-GCM under the installation's key. What is sealed opens only with the key that
 * sealed it and under the same `aad` (what it belongs to: "operation:op_…"), so rows cannot be swapped for each other.
 *
 *   version (1) · key id (4) · nonce (12) · tag (16) · ciphertext
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

export interface Sealer {
  seal(plain: Buffer | string, aad: string): Buffer;
  /** Throws when the text was changed, belongs to something else, or was sealed with a key that is not here. */
  open(sealed: Uint8Array, aad: string): Buffer;
  /**
   * The same for the same text under the same key, in every process; says nothing about the text to who has not the key.
   * For texts with secrets in them that are only ever compared: a plain hash of a short password is guessed in minutes.
   */
  fingerprint(text: string): string;
}

const VERSION = 1;
/** Each use of the installation's key has a key of its own. */
const FINGERPRINT_LABEL = 'coffer fingerprint';
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/** `earlierKeys` still open what they sealed; nothing new is sealed with them. */
export function createSealer(key: Buffer, earlierKeys: readonly Buffer[] = []): Sealer {
  // Prepared once: from a buffer, making the cipher takes three times as long as using it.
  const own = { id: keyId(key), secret: createSecretKey(key) };
  const keys = new Map([key, ...earlierKeys].map((k) => [keyId(k).toString('hex'), createSecretKey(k)]));
  const fingerprints = createSecretKey(Buffer.from(hkdfSync('sha256', key, '', FINGERPRINT_LABEL, KEY_BYTES)));
  return {
    fingerprint: (text) => createHmac('sha256', fingerprints).update(text).digest('hex'),
    seal(plain, aad) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', own.secret, nonce).setAAD(Buffer.from(aad));
      const text = Buffer.concat([cipher.update(typeof plain === 'string' ? Buffer.from(plain) : plain), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), own.id, nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, aad) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION) throw new Error(`the sealed secret of ${aad} is not in a form this release reads`);
      const id = bytes.subarray(1, 1 + KEY_ID_BYTES);
      const used = keys.get(id.toString('hex'));
      if (!used) throw new Error(`the secret of ${aad} was sealed with another key (${id.toString('hex')}): give that key in COFFER_SECRET_KEY or control/secret.key`);
      const nonce = bytes.subarray(1 + KEY_ID_BYTES, HEADER_BYTES - TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', used, nonce).setAAD(Buffer.from(aad));
      decipher.setAuthTag(bytes.subarray(HEADER_BYTES - TAG_BYTES, HEADER_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES)), decipher.final()]);
    },
  };
}

/** Tells keys apart without giving anything of them away. */
function keyId(key: Buffer): Buffer {
  if (key.length !== KEY_BYTES) throw new Error(`the installation's secret key has ${key.length} bytes instead of ${KEY_BYTES}: make one with \`openssl rand -base64 32\``);
  return createHash('sha256').update('coffer key id').update(key).digest().subarray(0, KEY_ID_BYTES);
}
