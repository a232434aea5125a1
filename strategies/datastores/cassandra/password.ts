/** Passwords are kept as bcrypt hashes, which read no further than 72 bytes: a longer one would be two passwords at once. */
const maxPasswordBytes = 72;

export function passwordProblem(password: string): string | null {
  if (password === '') return 'must not be empty';
  if (!password.isWellFormed() || /\p{Cc}/u.test(password)) return 'must be well-formed Unicode without control characters';
  if (password.trim() !== password) return 'must not begin or end with a blank: cqlsh, which reads it from a file, would drop it';
  const sizeBytes = Buffer.byteLength(password, 'utf8');
  return sizeBytes > maxPasswordBytes ? `has ${sizeBytes} bytes in UTF-8; Cassandra hashes the first ${maxPasswordBytes} only` : null;
}
