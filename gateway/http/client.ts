/** Who is at the other end: its address and its token. Decisions only. */
import { BlockList, isIP } from 'node:net';

/** `10.0.0.1`, `::1`, `10.0.0.0/8`. The caller has validated them (settings). */
export function createTrustedProxies(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);
const isTrusted = (proxies: BlockList, address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** From the socket. `X-Forwarded-For` is believed only as far as trusted proxies wrote it: read from its end. */
export function clientAddressOf(socketAddress: string | undefined, forwardedFor: string | undefined, proxies: BlockList): string | null {
  let address = socketAddress === undefined ? null : plain(socketAddress);
  const hops = forwardedFor?.split(',').map((hop) => hop.trim()) ?? [];
  while (address !== null && isTrusted(proxies, address)) {
    const hop = hops.pop();
    if (hop === undefined || isIP(plain(hop)) === 0) break;
    address = plain(hop);
  }
  return address;
}

/** The token of `Authorization: Bearer …`; null when there is none or it cannot be one. */
export const bearerOf = (authorization: unknown): string | null =>
  typeof authorization === 'string' ? (/^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(authorization)?.[1] ?? null) : null;
