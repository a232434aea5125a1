/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): the client's side of a login, and the verifier the server keeps instead of a
 * password. Pure but for the random nonce and salt. https://www.mongodb.com/docs/manual/core/security-scram/
 */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export const mechanism = 'SCRAM-SHA-256';
/** As the server makes them; both are base64 in its documents. */
export interface Verifier { iterationCount: number; salt: string; storedKey: string; serverKey: string }

const iterationCount = 15_000;
const saltBytes = 28;
const keyBytes = 32;
const minIterations = 4_096;
const maxIterations = 1_000_000;

const derive = promisify(pbkdf2);
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
const salted = (password: string, salt: string, iterations: number): Promise<Buffer> => derive(password, Buffer.from(salt, 'base64'), iterations, keyBytes, 'sha256');

export async function createVerifier(password: string, salt = randomBytes(saltBytes).toString('base64'), iterations = iterationCount): Promise<Verifier> {
  const saltedPassword = await salted(password, salt, iterations);
  return { iterationCount: iterations, salt, storedKey: sha256(hmac(saltedPassword, 'Client Key')).toString('base64'), serverKey: hmac(saltedPassword, 'Server Key').toString('base64') };
}

const escaped = (user: string): string => user.replaceAll('=', '=3D').replaceAll(',', '=2C');

/** One login: what to send first, what to answer to the server's challenge, and whether the server knew the verifier, too. */
export function createLogin(user: string, password: string, nonce = randomBytes(24).toString('base64')): { first: string; final(challenge: string): Promise<{ text: string; signature: string }> } {
  const bare = `n=${escaped(user)},r=${nonce}`;
  return {
    first: `n,,${bare}`,
    async final(challenge) {
      const fields = fieldsOf(challenge);
      const [serverNonce, salt, iterations] = [fields['r'] ?? '', fields['s'] ?? '', Number(fields['i'])];
      if (!serverNonce.startsWith(nonce) || salt === '') throw new Error('the server answered another login than this one');
      if (!(iterations >= minIterations && iterations <= maxIterations)) throw new Error(`the server asks for ${iterations} rounds of hashing`);
      const saltedPassword = await salted(password, salt, iterations);
      const withoutProof = `c=biws,r=${serverNonce}`;
      const message = `${bare},${challenge},${withoutProof}`;
      const clientKey = hmac(saltedPassword, 'Client Key');
      const signature = hmac(sha256(clientKey), message);
      const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64');
      return { text: `${withoutProof},p=${proof}`, signature: hmac(hmac(saltedPassword, 'Server Key'), message).toString('base64') };
    },
  };
}

export const fieldsOf = (message: string): Record<string, string | undefined> =>
  Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
