/**
 * The server's option file: rendered from settings, and read back. Pure.
 * https://dev.mysql.com/doc/refman/en/option-files.html
 */
const heading = '# Written by Coffer; changes made by hand are lost.\n';
/** The server reads its file in pieces of 4096 bytes; what is beyond would be a line of its own. */
const mostLineBytes = 4000;
const plain = /^[A-Za-z0-9.:+_-]+$/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\b': '\\b' };
const escaped: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', s: ' ' };

/** The servers' words for variables in their file and on their command line, where those are others. */
const optionNames: Readonly<Record<string, string>> = { time_zone: 'default_time_zone', tx_isolation: 'transaction_isolation' };
export const optionOf = (variable: string): string => optionNames[variable] ?? variable;

// oxlint-disable-next-line no-control-regex -- the very characters that the file has other forms for
const quote = (words: string): string => (plain.test(words) ? words : `"${words.replace(/[\\"\t\n\r\b]/g, (one) => escapes[one] ?? one)}"`);
const lineOf = (name: string, words: string): string => `${optionOf(name)} = ${quote(words)}`;

/** What is wrong with it as a line of the file, as the end of a sentence that begins with its name; null: nothing. */
export function lineProblem(name: string, words: string): string | null {
  if (words.includes('\0')) return 'must not contain the character 0';
  return Buffer.byteLength(lineOf(name, words)) > mostLineBytes ? `must not be longer than ${mostLineBytes} bytes with its name` : null;
}

export const renderServerFile = (settings: Readonly<Record<string, string>>): string =>
  `${heading}[server]\n${Object.entries(settings).map(([name, words]) => `${lineOf(name, words)}\n`).sort().join('')}`;

/** Option → its words, of a file that was rendered here. */
export function parseServerFile(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    // s: to the server U+2028 is no line break
    const [, option, words] = /^(\w+) = (.*)$/s.exec(line) ?? [];
    if (option === undefined || words === undefined) continue;
    const body = words.startsWith('"') ? words.slice(1, -1).replace(/\\(.)/g, (_all, one: string) => escaped[one] ?? one) : words;
    found.set(option, body);
  }
  return found;
}
