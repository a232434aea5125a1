import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What relinking must know of an ELF file. */
export interface ElfFacts {
  /** names a loader: it is a program, or one of the few libraries that can be started */
  hasInterpreter: boolean;
  /** has DT_RPATH or DT_RUNPATH */
  hasRunPath: boolean;
}

const [segmentDynamic, segmentInterpreter] = [2, 3];
const [tagEnd, tagRpath, tagRunpath] = [0n, 15n, 29n];
const headerBytes = 64;
/** Named limits: a program has about a dozen segments, a dynamic section some dozens of entries. */
const [maxSegments, maxDynamicBytes] = [64, 64 * 1024];

export interface Segment { type: number; offset: number; sizeBytes: number }

/** Segments of a 64-bit little-endian ELF header table (System V ABI, chapter 5). */
export function parseSegments(table: Buffer, entryBytes: number, count: number): Segment[] {
  return Array.from({ length: Math.min(count, maxSegments, Math.floor(table.length / Math.max(1, entryBytes))) }, (_, i) => {
    const at = i * entryBytes;
    return { type: table.readUInt32LE(at), offset: Number(table.readBigUInt64LE(at + 8)), sizeBytes: Number(table.readBigUInt64LE(at + 32)) };
  });
}

/** Whether a dynamic section tells where to look for libraries. */
export function hasRunPathTag(dynamic: Buffer): boolean {
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    const tag = dynamic.readBigInt64LE(at);
    if (tag === tagEnd) return false;
    if (tag === tagRpath || tag === tagRunpath) return true;
  }
  return false;
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offset);
  return buffer.subarray(0, bytesRead);
}

/** Undefined for what is no 64-bit little-endian ELF file: scripts, data, objects of other machines. */
export async function readElf(path: string): Promise<ElfFacts | undefined> {
  const file = await open(path, 'r');
  try {
    const header = await readAt(file, 0, headerBytes);
    if (header.length < headerBytes || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined;
    const entryBytes = header.readUInt16LE(0x36);
    const count = Math.min(header.readUInt16LE(0x38), maxSegments);
    if (entryBytes < 56 || count === 0) return { hasInterpreter: false, hasRunPath: false };
    const segments = parseSegments(await readAt(file, Number(header.readBigUInt64LE(0x20)), entryBytes * count), entryBytes, count);
    const dynamic = segments.find((s) => s.type === segmentDynamic);
    const hasRunPath = dynamic !== undefined && hasRunPathTag(await readAt(file, dynamic.offset, Math.min(dynamic.sizeBytes, maxDynamicBytes)));
    return { hasInterpreter: segments.some((s) => s.type === segmentInterpreter), hasRunPath };
  } finally { await file.close(); }
}
