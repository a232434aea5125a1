import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { EngineSourceError } from '../source-error.ts';

/**
 * As much of the zip format (PKWARE's APPNOTE) as wheels and release archives use: stored or deflated, below 4 GB, not
 * encrypted, not split. Checksums inside are not looked at: the whole file was verified before it is read.
 */
export interface ZipEntry { name: string; method: number; compressedBytes: number; sizeBytes: number; headerOffset: number; mode: number }

const [endSignature, entrySignature] = [0x06054b50, 0x02014b50];
const [endBytes, entryBytes, localHeaderBytes, maxCommentBytes] = [22, 46, 30, 65_535];
const maxDirectoryBytes = 64 * 1024 * 1024;
const [stored, deflated] = [0, 8];
const damaged = (what: string): EngineSourceError => new EngineSourceError('incomplete', `the zip file cannot be read: ${what}`);

/** Where the directory lies, from the last bytes of the file. */
export function findDirectory(tail: Buffer): { offset: number; sizeBytes: number; count: number } {
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== endSignature || at + endBytes + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const directory = { count: tail.readUInt16LE(at + 10), sizeBytes: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) };
    if (directory.count === 0xffff || directory.offset === 0xffffffff || directory.sizeBytes > maxDirectoryBytes) throw damaged('it is larger than 4 GB');
    return directory;
  }
  throw damaged('it has no directory');
}

export function parseDirectory(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count;) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entrySignature) throw damaged('its directory is damaged');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset)) as [number, number, number];
    const name = directory.toString('utf8', at + entryBytes, at + entryBytes + nameBytes);
    if ((directory.readUInt16LE(at + 8) & 1) !== 0) throw damaged(`${name} is encrypted`);
    entries.push({
      name, method: directory.readUInt16LE(at + 10), compressedBytes: directory.readUInt32LE(at + 20), sizeBytes: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42), mode: directory.readUInt32LE(at + 38) >>> 16,
    });
    at += entryBytes + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

async function readAt(path: string, offset: number, sizeBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offset);
    return buffer.subarray(0, bytesRead);
  } finally { await file.close(); }
}

export async function listZip(path: string): Promise<ZipEntry[]> {
  const file = await open(path, 'r');
  let size: number;
  try { ({ size } = await file.stat()); } finally { await file.close(); }
  const tailBytes = Math.min(size, endBytes + maxCommentBytes);
  const { offset, sizeBytes, count } = findDirectory(await readAt(path, size - tailBytes, tailBytes));
  return parseDirectory(await readAt(path, offset, sizeBytes), count);
}

/** Writes one entry to a new file; one that exists is refused. */
export async function extractEntry(path: string, entry: ZipEntry, target: string, signal: AbortSignal): Promise<void> {
  const { name, method, headerOffset, compressedBytes, sizeBytes } = entry;
  if (method !== stored && method !== deflated) throw damaged(`${name} is compressed by method ${method}`);
  // The lengths in the local header are its own: the extra field there differs from the directory's.
  const header = await readAt(path, headerOffset, localHeaderBytes);
  if (header.length < localHeaderBytes) throw damaged(`${name} is not where the directory says`);
  const start = headerOffset + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  let count = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length;
      done(count > sizeBytes ? damaged(`${name} is larger than the directory says`) : null, chunk);
    },
  });
  const output = createWriteStream(target, { flags: 'wx', mode: 0o644 });
  const input = compressedBytes === 0 ? [] : createReadStream(path, { start, end: start + compressedBytes - 1 });
  if (method === deflated) await pipeline(input, createInflateRaw(), counter, output, { signal });
  else await pipeline(input, counter, output, { signal });
  if (count !== sizeBytes) throw damaged(`${name} is shorter than the directory says`);
}
