/** Renders redis.conf and reads what it says back; pure. Arguments are quoted as Redis's own parser reads them. */
import type { GuestContext } from '../../../spi/guest.ts';

export const quote = (value: string): string => (/^[A-Za-z0-9@%+=:,./_-]+$/.test(value) ? value : `"${[...Buffer.from(value)].map(quoteByte).join('')}"`);

function quoteByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

export const socketOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.run}/redis.sock`;
export const aclFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.data}/users.acl`;
export const configFileOf = (ctx: Pick<GuestContext, 'paths'>): string => `${ctx.paths.config}/redis.conf`;

/** What Coffer owns: never from a tenant, and (CONFIG being closed to tenants) not to be changed from inside. */
export function ownedParameters(ctx: Pick<GuestContext, 'paths' | 'tls' | 'network'>): [string, string][] {
  return [
    ['port', '0'],
    ['tls-port', String(ctx.network.ports['redis'])],
    ['bind', ctx.network.bind],
    ['tls-cert-file', ctx.tls.certificate], ['tls-key-file', ctx.tls.key], ['tls-ca-cert-file', ctx.tls.ca],
    ['tls-auth-clients', 'no'], ['tls-protocols', 'TLSv1.2 TLSv1.3'],
    ['unixsocket', socketOf(ctx)], ['unixsocketperm', '700'],
    ['dir', ctx.paths.data], ['aclfile', aclFileOf(ctx)],
    ['enable-debug-command', 'no'], ['enable-module-command', 'no'], ['enable-protected-configs', 'no'],
    ['sanitize-dump-payload', 'yes'], ['acllog-max-len', '64'],
    ['daemonize', 'no'], ['supervised', 'no'], ['logfile', ''], ['loglevel', 'notice'], ['crash-log-enabled', 'yes'],
    ['appendonly', 'yes'], ['appendfsync', 'everysec'], ['aof-use-rdb-preamble', 'yes'], ['appenddirname', 'appendonlydir'],
    ['save', '3600 1 300 100 60 10000'], ['dbfilename', 'dump.rdb'], ['stop-writes-on-bgsave-error', 'yes'],
    ['databases', '16'], ['shutdown-on-sigterm', 'save'], ['shutdown-on-sigint', 'save'], ['disable-thp', 'yes'], ['locale-collate', 'C'],
  ];
}

/** Parameters a track does not know yet. */
const since: Readonly<Record<string, number>> = { 'locale-collate': 8 };
const words = new Set(['save', 'bind']);

export function renderConfig(ctx: Pick<GuestContext, 'paths' | 'tls' | 'network' | 'sizing' | 'track'>): string {
  const owned = ownedParameters(ctx).filter(([name]) => (since[name] ?? 0) <= Number(ctx.track));
  const ownedNames = new Set(owned.map(([name]) => name));
  const sized = Object.entries(ctx.sizing).filter(([name]) => !ownedNames.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const line = ([name, value]: [string, string]): string => `${name} ${words.has(name) ? value : quote(value)}`;
  return `# written by Coffer; changes are overwritten\n${[...sized, ...owned].map(line).join('\n')}\n`;
}
