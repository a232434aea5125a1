/** Renders redis.conf and reads it back; pure. Arguments are quoted and split as Redis's own parser does it. */
import type { GuestContext } from '../../../spi/guest.ts';

export const quote = (value: string): string => (/^[A-Za-z0-9@%+=:,./_-]+$/.test(value) ? value : `"${[...Buffer.from(value)].map(quoteByte).join('')}"`);

function quoteByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** Of its files, in the data. */
export const appendFolder = 'appendonlydir';

export const socketOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.run}/redis.sock`;
export const aclFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.data}/users.acl`;
/** What the engine was started with; it knows no other values of parameters that need a restart. */
export const startedFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.run}/started.conf`;
/** What the running engine may have been told since, and has not been told to forget yet. */
export const earlierFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.config}/earlier.conf`;
export const configFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.config}/redis.conf`;

type Context = Pick<GuestContext, 'paths' | 'tls' | 'network' | 'sizing' | 'track'>;

/** What Coffer owns: from nobody else, and (CONFIG being closed to tenants) not to be changed from inside. */
const ownedParameters = (ctx: Context): [string, string][] => [
  ['port', '0'],
  ['tls-port', String(ctx.network.ports['redis'])],
  ['bind', ctx.network.bind],
  ['tls-cert-file', ctx.tls.certificate], ['tls-key-file', ctx.tls.key], ['tls-ca-cert-file', ctx.tls.ca],
  ['tls-auth-clients', 'no'], ['tls-protocols', 'TLSv1.2 TLSv1.3'],
  ['unixsocket', socketOf(ctx)], ['unixsocketperm', '700'],
  ['dir', ctx.paths.data], ['aclfile', aclFileOf(ctx)],
  ['enable-debug-command', 'no'], ['enable-module-command', 'no'], ['enable-protected-configs', 'no'],
  ['sanitize-dump-payload', 'yes'],
  ['daemonize', 'no'], ['supervised', 'no'], ['logfile', ''],
  ['appendonly', 'yes'], ['appenddirname', appendFolder], ['dbfilename', 'dump.rdb'],
  ['databases', '16'], ['locale-collate', 'C'],
  // Else it would go on for ever where there is no room for its last snapshot; the append-only file has what it needs.
  ['shutdown-on-sigterm', 'force'], ['shutdown-on-sigint', 'force'],
];

/** What every instance has unless its group says otherwise. */
const usualParameters: [string, string][] = [
  ['acllog-max-len', '64'], ['loglevel', 'notice'], ['crash-log-enabled', 'yes'],
  ['appendfsync', 'everysec'], ['aof-use-rdb-preamble', 'yes'],
  ['save', '3600 1 300 100 60 10000'], ['stop-writes-on-bgsave-error', 'yes'], ['disable-thp', 'yes'],
];

/** Parameters a track does not know yet. */
const since: Readonly<Record<string, number>> = { 'locale-collate': 8 };
const severalWords = new Set(['save', 'bind']);

/** `group`: values of the instance's configuration group in the engine's words. They win over usual values and sizing, and lose to what is owned. */
export function renderConfig(ctx: Context, group: Readonly<Record<string, string>>): string {
  const owned = ownedParameters(ctx).filter(([name]) => (since[name] ?? 0) <= Number(ctx.track));
  const all = new Map([...usualParameters, ...Object.entries(ctx.sizing), ...Object.entries(group), ...owned]);
  const lines = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} ${argumentsOf(name, value)}`);
  return `# written by Coffer; changes are overwritten\n${lines.join('\n')}\n`;
}

const argumentsOf = (name: string, value: string): string => (severalWords.has(name) && /^[A-Za-z0-9.:*-]+( [A-Za-z0-9.:*-]+)*$/.test(value) ? value : quote(value));

/** Name → value; several arguments of one directive are one value. A line that the engine would refuse is left out. */
export function parseConfig(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').map((one) => one.replace(/^[ \t\r]+|[ \t\r]+$/g, ''))) {
    const [name, ...values] = (line.startsWith('#') ? null : splitArguments(line)) ?? [];
    if (name !== undefined) found.set(name.toLowerCase(), values.join(' '));
  }
  return found;
}

const escapes: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 };
const blank = /[ \t\n\v\f\r]/;
const endOfWord = /[ \t\n\r]/;

/** As `sdssplitargs` of Redis; null for unbalanced quotes. */
export function splitArguments(line: string): string[] | null {
  const bytes = Buffer.from(line).toString('latin1');
  const found: string[] = [];
  for (let at = 0; ;) {
    while (at < bytes.length && blank.test(bytes[at]!)) at++;
    if (at >= bytes.length) return found.map((word) => Buffer.from(word, 'latin1').toString());
    let word = '';
    while (at < bytes.length && !endOfWord.test(bytes[at]!)) {
      if (bytes[at] !== '"' && bytes[at] !== "'") { word += bytes[at++]; continue; }
      const quoted = readQuoted(bytes, at);
      if (!quoted) return null;
      word += quoted.text;
      at = quoted.next;
    }
    found.push(word);
  }
}

/** From an opening quote to behind the closing one, which a blank or the end must follow. */
function readQuoted(bytes: string, from: number): { text: string; next: number } | null {
  const mark = bytes[from]!;
  let text = '';
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === mark) return at + 1 === bytes.length || blank.test(bytes[at + 1]!) ? { text, next: at + 1 } : null;
    const hex = mark === '"' ? /^\\x([0-9a-fA-F]{2})/.exec(bytes.slice(at, at + 4))?.[1] : undefined;
    if (hex !== undefined) {
      text += String.fromCharCode(Number.parseInt(hex, 16));
      at += 3;
    } else if (bytes[at] === '\\' && at + 1 < bytes.length && (mark === '"' || bytes[at + 1] === "'")) {
      at++;
      text += mark === '"' && escapes[bytes[at]!] !== undefined ? String.fromCharCode(escapes[bytes[at]!]!) : bytes[at];
    } else text += bytes[at];
  }
  return null;
}
