/**
 * Where an account may connect from: an address, a pattern, or a network. Names of hosts are not looked up by the servers
 * here (skip_name_resolve): a login must not depend on somebody's DNS.
 * https://dev.mysql.com/doc/refman/en/account-names.html
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';

const maxHostChars = 60;
const octet = String.raw`(?:\d{1,3}|[\d%_]{1,3})`;
const pattern4 = new RegExp(`^${octet}(?:\\.${octet}){0,3}$`);
const pattern6 = /^(?=[^:]*:)[0-9a-f:%_]+$/;

export interface HostForms { /** `10.0.0.0/8` */ cidr: boolean }

export function hostProblem(host: string, forms: HostForms): string | null {
  if (host.length > maxHostChars) return `has ${host.length} characters; at most ${maxHostChars}`;
  const [network = '', mask, ...more] = host.split('/');
  if (mask !== undefined && more.length === 0 && isIPv4(network)) {
    const bits = isIPv4(mask) ? maskBits(mask) : forms.cidr && /^\d{1,2}$/.test(mask) ? Number(mask) : null;
    if (bits !== null && bits >= 1 && bits <= 32) return (number(network) & bitMask(bits)) >>> 0 === number(network) ? null : `${network} has bits outside of its mask: write the network's own address`;
  }
  if (host === '%' || isIPv4(host)) return null;
  if (isIPv6(host)) return host === spelling(host) ? null : `${host} is not how the server writes the address of a client, and it compares them as text: write ${spelling(host)}`;
  if (/[%_]/.test(host) && (pattern4.test(host) || pattern6.test(host))) return null;
  if (/^localhost$/i.test(host)) return 'localhost means the server\'s own socket, which is closed to applications: use 127.0.0.1';
  return `"${host}" is not one of these: % (anywhere), an address (192.0.2.7), a pattern (10.%, fd00:%), a network (10.0.0.0/255.0.0.0${forms.cidr ? ', 10.0.0.0/8' : ''}); names of hosts are not looked up`;
}

/** An IPv6 address as the servers write that of a client; one of IPv4 in it as what it is, an interface's name as it stands. */
function spelling(address: string): string {
  const [bare = '', ...zone] = address.split('%');
  const text = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  return [/^::ffff:([\d.]+)$/.exec(text)?.[1] ?? text, ...zone].join('%');
}

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const bitMask = (bits: number): number => (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0);
/** Null when the ones are not all in front. */
function maskBits(mask: string): number | null {
  const bits = number(mask).toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null;
}

/** Whether a client at this address may have logged in as an account of this host. */
export function hostMatches(host: string, address: string): boolean {
  const [network = '', mask] = host.split('/');
  if (mask !== undefined) {
    const bits = isIPv4(mask) ? maskBits(mask) : Number(mask);
    return isIPv4(address) && bits !== null && (number(address) & bitMask(bits)) >>> 0 === number(network);
  }
  const expression = host.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('%', '.*').replaceAll('_', '.');
  return new RegExp(`^${expression}$`, 'i').test(address);
}
