/**
 * The management role, laid into the data as a file of the engine's own format before the engine ever ran. A node that
 * finds a role does not make the well-known superuser, so that one never exists, and no boot has to be guarded while it
 * does. The same file with a later time heals a lost role: for every column the latest time counts.
 * Format "nb", written by 4.0 and later and read by all of them: one partition, three cells, no compression.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import bcrypt from 'bcryptjs';
import { managementRole } from '../names.ts';
import { template } from './role-template.ts';

/** Of a random secret nobody has to make guessing slow. */
const managementRounds = 4;
/** What every server's library knows; the letter after the 2 names the same algorithm. */
export const bcryptSalt = (rounds: number): string => bcrypt.genSaltSync(rounds).replace(/^\$2[bxy]\$/, '$2a$');

/** Writes into a folder of the table `system_auth.roles`, which it makes. */
export async function writeManagementRole(folder: string, secret: string, nowMs: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const generations = (await readdir(folder)).map((name) => Number(/^nb-(\d+)-big-/.exec(name)?.[1] ?? 0));
  const prefix = `nb-${Math.max(0, ...generations) + 1}-big-`;
  const files = roleFiles(await bcrypt.hash(secret, bcryptSalt(managementRounds)), nowMs);
  // The rows last: what lies there without them the engine removes as a leftover.
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, prefix + name), content, { mode: 0o600 });
}

export function roleFiles(hash: string, nowMs: number): Record<string, Buffer | string> {
  const data = partition(hash);
  const rest = Object.fromEntries(Object.entries(template).map(([name, packed]) => [name, gunzipSync(Buffer.from(packed, 'base64'))]));
  const names = ['Data.db', 'CRC.db', 'Digest.crc32', ...Object.keys(rest), 'TOC.txt'];
  return {
    ...rest,
    // Size of a chunk, and the checksum of the only one.
    'CRC.db': Buffer.concat([uint32(0x1_0000), uint32(crc32(data))]), 'Digest.crc32': String(crc32(data)),
    'Statistics.db': dateStatistics(rest['Statistics.db']!, BigInt(nowMs) * 1_000n), 'TOC.txt': `${names.join('\n')}\n`,
    'Data.db': data,
  };
}

const uint32 = (value: number): Buffer => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(value); return bytes; };

/** The row has a time of its own and all columns that the header names: can_login, is_superuser, salted_hash. */
const rowFlags = 0x24;

/** Key, "not deleted", and a row: every cell has the row's time, which is the least of the file and therefore a zero. */
function partition(hash: string): Buffer {
  const key = Buffer.from(managementRole);
  const trueCell = [0x08, 0x01];
  const cells = Buffer.concat([Buffer.from([...trueCell, ...trueCell, 0x08, hash.length]), Buffer.from(hash, 'latin1')]);
  // Bytes of the partition before the row, and the row's time.
  const row = Buffer.concat([Buffer.from([0x14, 0x00]), cells]);
  if (row.length >= 0x80) throw new Error('the hash is longer than a bcrypt hash');
  return Buffer.concat([Buffer.from([0, key.length]), key, Buffer.from('7fffffff8000000000000000', 'hex'), Buffer.from([rowFlags, row.length]), row, Buffer.from([0x01])]);
}

/** Times are counted from here: 22 September 2015, in microseconds. */
const epochUs = 1_442_880_000_000_000n;
const component = { statistics: 2, header: 3 } as const;

/**
 * Puts a time into the statistics, which say the least and the greatest of the file, and from which the rows count.
 * Four parts, each behind an entry of a table and before its checksum.
 */
export function dateStatistics(statistics: Buffer, timeUs: bigint): Buffer {
  const count = statistics.readInt32BE(0);
  const entry = (index: number): { type: number; at: number } => ({ type: statistics.readInt32BE(8 + 8 * index), at: statistics.readInt32BE(12 + 8 * index) });
  const parts = Array.from({ length: count }, (_, index) => {
    const { type, at } = entry(index);
    const end = index + 1 < count ? entry(index + 1).at : statistics.length;
    const body = Buffer.from(statistics.subarray(at, end - 4));
    return { type, body: type === component.statistics ? dateRange(body, timeUs) : type === component.header ? dateHeader(body, timeUs - epochUs) : body };
  });
  const [head, table] = [uint32(count), Buffer.alloc(8 * count)];
  let at = 12 + table.length;
  parts.forEach(({ type, body }, index) => {
    table.writeInt32BE(type, 8 * index);
    table.writeInt32BE(at, 8 * index + 4);
    at += body.length + 4;
  });
  return Buffer.concat([head, uint32(crc32(head)), table, uint32(crc32(table, crc32(head))), ...parts.flatMap(({ body }) => [body, uint32(crc32(body))])]);
}

/** Behind two histograms and a position in the commit log. */
function dateRange(body: Buffer, timeUs: bigint): Buffer {
  const afterHistogram = (from: number): number => from + 4 + 16 * body.readInt32BE(from);
  const at = afterHistogram(afterHistogram(0)) + 12;
  body.writeBigInt64BE(timeUs, at);
  body.writeBigInt64BE(timeUs, at + 8);
  return body;
}

function dateHeader(body: Buffer, sinceEpochUs: bigint): Buffer {
  return Buffer.concat([unsignedVint(sinceEpochUs), body.subarray(1 + leadingOnes(body[0]!))]);
}

const leadingOnes = (byte: number): number => Math.clz32(~(byte << 24));
/** As many ones in front as bytes follow. */
export function unsignedVint(value: bigint): Buffer {
  const bits = value.toString(2).length;
  const extra = Math.min(8, Math.floor((bits - 1) / 7));
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(value, 1);
  const used = bytes.subarray(8 - extra);
  used[0]! |= (0xff00 >> extra) & 0xff;
  return used;
}
