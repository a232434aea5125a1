/**
 * Clients and servers normalise passwords by SASLprep (RFC 4013) before they hash them, but not all clients do. A
 * password that SASLprep would change works with some and fails with others, so it is refused.
 */

/** Characters SASLprep drops or turns into a space: RFC 3454 tables B.1 and C.1.2. */
const changed = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u;
const maxPasswordBytes = 512;

export function passwordProblem(password: string): string | null {
  if (password === '') return 'must not be empty';
  if (!password.isWellFormed() || /\p{Cc}/u.test(password)) return 'must be well-formed Unicode without control characters';
  if (Buffer.byteLength(password, 'utf8') > maxPasswordBytes) return `must not be longer than ${maxPasswordBytes} bytes in UTF-8`;
  if (changed.test(password) || password.normalize('NFKC') !== password) {
    return 'contains characters that clients write differently (such as a non-breaking space, a ligature, or an accent as a character of its own): use their plain forms';
  }
  return null;
}
