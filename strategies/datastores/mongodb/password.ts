/**
 * Clients normalise passwords by SASLprep (RFC 4013) before they prove them, with the Unicode 3.2 of its time: newer
 * characters they refuse, some older ones they turn into others. What is accepted here every client leaves as it is.
 */
const maxPasswordBytes = 512;
/** ASCII, Latin, Greek, Cyrillic, kana, Han and Hangul as they were then, none of them written from right to left. */
const steady = /^[\x20-\x7e¡-¬®-ſΑ-ΡΣ-ώЀ-џぁ-ゔァ-ヾ一-龥가-힣]*$/u;

export function passwordProblem(password: string): string | null {
  if (password === '') return 'must not be empty';
  if (Buffer.byteLength(password, 'utf8') > maxPasswordBytes) return `must not be longer than ${maxPasswordBytes} bytes in UTF-8`;
  if (steady.test(password) && password.normalize('NFKC') === password) return null;
  return 'contains characters that clients write differently or refuse (such as control characters, emoji, or a non-breaking space): use printable ASCII, or Latin, Greek, Cyrillic, Japanese, Chinese or Korean letters';
}
