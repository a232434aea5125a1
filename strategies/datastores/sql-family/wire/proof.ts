/** How a client proves a password. Pure. */
import { createHash } from 'node:crypto';

const digest = (algorithm: string, ...parts: Buffer[]): Buffer => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));

/**
 * Null for a method that is not spoken here. `isPrivate`: nobody listens in. An account that does not exist is asked by
 * any method of the server's, so that nobody can tell it from one that does.
 */
export function proofOf(plugin: string, password: string, nonce: Buffer, isPrivate: boolean): Buffer | null {
  const secret = Buffer.from(password, 'utf8');
  if (secret.length === 0) return Buffer.alloc(0);
  switch (plugin) {
    case 'mysql_native_password': {
      const once = digest('sha1', secret);
      return xor(once, digest('sha1', nonce, digest('sha1', once)));
    }
    case 'caching_sha2_password': {
      const once = digest('sha256', secret);
      return xor(once, digest('sha256', digest('sha256', once), nonce));
    }
    // Says nothing where the password itself would be overheard; the server refuses that.
    case 'sha256_password': return Buffer.from(isPrivate ? `${password}\0` : '\0', 'utf8');
    default: return null;
  }
}
