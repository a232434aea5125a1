/**
 * The verifier that the server keeps in place of a password (RFC 5802, in the form of pg_authid.rolpassword). Made here,
 * so that the clear password reaches neither a statement nor a log of the server.
 */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const iterations = 4096;
const saltBytes = 16;
const hash = 'sha256';
const derive = promisify(pbkdf2);

export async function scramVerifier(password: string, salt: Buffer = randomBytes(saltBytes)): Promise<string> {
  const salted = await derive(password, salt, iterations, 32, hash);
  const mac = (text: string): Buffer => createHmac(hash, salted).update(text).digest();
  const storedKey = createHash(hash).update(mac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${mac('Server Key').toString('base64')}`;
}
