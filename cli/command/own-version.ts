/** Commands that take `--datastore-version`. */
const commands = ['instance create', 'configuration create', 'configuration validate'];

/**
 * `coffer instance create … --version 17` asks for a server of that version. The parser takes `--version` for the question
 * about this client wherever it stands, and would answer that in place of making anything.
 */
export function withOwnVersion(words: readonly string[]): string[] {
  const command = words.findIndex((word, index) => commands.includes(`${words[index - 1]} ${word}`));
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  return words.map((word, index) => (command < 0 || index < command || index > end ? word : word.replace(/^--version(?==|$)/, '--datastore-version')));
}
