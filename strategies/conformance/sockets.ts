/** Which sockets a set of processes listens on, as the kernel tells it. */
import { readdir, readFile, readlink } from 'node:fs/promises';

export interface Listening { tcp: { address: string; port: number }[]; unix: string[]; udp: { address: string; port: number }[] }

const TCP_LISTEN = '0A';
const UNIX_ACCEPTING = 0x10000;

/** `0100007F:1F90` → 127.0.0.1:8080; 32 digits are an IPv6 address in four little-endian words. */
export function parseAddress(text: string): { address: string; port: number } {
  const [hex = '', port = ''] = text.split(':');
  const bytes = Buffer.from(hex, 'hex');
  for (let word = 0; word < bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  const address = bytes.length === 4 ? [...bytes].join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
  return { address, port: Number.parseInt(port, 16) };
}

interface InetRow { inode: string; state: string; local: { address: string; port: number } }
export const parseInet = (table: string): InetRow[] => table.trim().split('\n').slice(1).map((line) => {
  const fields = line.trim().split(/\s+/);
  return { local: parseAddress(fields[1] ?? ''), state: fields[3] ?? '', inode: fields[9] ?? '' };
});

interface UnixRow { inode: string; isAccepting: boolean; path: string }
/** A path may hold spaces; an abstract name begins with `@`. */
export const parseUnix = (table: string): UnixRow[] => table.trim().split('\n').slice(1).map((line) => {
  const found = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) ?(.*)$/.exec(line.trim());
  return { inode: found?.[2] ?? '', isAccepting: (Number.parseInt(found?.[1] ?? '0', 16) & UNIX_ACCEPTING) !== 0, path: found?.[3] ?? '' };
});

async function socketInodes(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

export async function listeningSockets(pids: readonly number[]): Promise<Listening> {
  const own = new Set((await Promise.all(pids.map(socketInodes))).flat());
  const table = async (name: string): Promise<string> => readFile(`/proc/net/${name}`, 'utf8').catch(() => '');
  const inet = async (...names: string[]): Promise<InetRow[]> =>
    (await Promise.all(names.map(table))).flatMap(parseInet).filter((row) => own.has(row.inode));
  return {
    tcp: (await inet('tcp', 'tcp6')).filter((row) => row.state === TCP_LISTEN).map((row) => row.local),
    udp: (await inet('udp', 'udp6')).map((row) => row.local),
    unix: parseUnix(await table('unix')).filter((row) => own.has(row.inode) && row.isAccepting).map((row) => row.path),
  };
}
