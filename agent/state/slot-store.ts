/**
 * A small map on disk that survives a crash at any byte and never needs a new block: a file of fixed slots, written in
 * full when it is made. A value is written into the free slot that was written longest ago, with a sequence and a
 * checksum, and synced; the slot that held the older value is free from then on. So a tenant that fills the disk cannot
 * keep the agent from recording what it did.
 *
 * Freed slots are used oldest first: an older value of a key is gone before a newer one, and nothing comes back.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from './atomic-file.ts';

export const slotBytes = 8192;
export const slotCount = 256;
const headerBytes = 24;
const magic = 0x43465331;
/** Longest key and value together, as JSON. */
export const entryLimitBytes = slotBytes - headerBytes;

interface Entry { slot: number; sequence: number; value: unknown }

export interface SlotStore {
  get(key: string): unknown;
  keys(): string[];
  /** Resolves when it is durable. */
  put(key: string, value: unknown): Promise<void>;
  /** Forgets keys; their slots are reused. May come back after a crash until then: only for what nobody asks for any more. */
  forget(keys: readonly string[]): void;
  freeSlots(): number;
  close(): Promise<void>;
}

export async function openSlotStore(path: string): Promise<SlotStore> {
  const file = await openPreallocated(path);
  const entries = new Map<string, Entry>();
  const sequences = new Array<number>(slotCount).fill(0);
  await loadEntries(file, entries, sequences);
  let last = Math.max(...sequences);
  let queue: Promise<void> = Promise.resolve();

  const write = async (key: string, value: unknown): Promise<void> => {
    const slot = decideSlot(entries, sequences);
    if (slot === undefined) throw new Error(`All ${slotCount} slots of ${path} are in use; forget old entries first`);
    const sequence = last + 1;
    const image = encodeSlot(sequence, key, value);
    last = sequence;
    // The slot counts as free until the write is known to be whole.
    const { bytesWritten } = await file.write(image, 0, image.length, slot * slotBytes);
    if (bytesWritten !== image.length) throw new Error(`Only ${bytesWritten} of ${image.length} bytes of ${key} could be written to ${path}`);
    await file.datasync();
    sequences[slot] = sequence;
    entries.set(key, { slot, sequence, value });
  };

  return {
    get: (key) => entries.get(key)?.value,
    keys: () => [...entries.keys()],
    put(key, value) {
      const done = queue.then(() => write(key, value));
      queue = done.catch(() => undefined);
      return done;
    },
    forget(keys) {
      for (const key of keys) entries.delete(key);
    },
    freeSlots: () => slotCount - entries.size,
    async close() {
      await queue;
      await file.close();
    },
  };
}

/** The free slot that was written longest ago. */
export function decideSlot(entries: ReadonlyMap<string, { slot: number }>, sequences: readonly number[]): number | undefined {
  const used = new Set([...entries.values()].map((entry) => entry.slot));
  let best: number | undefined;
  for (const [slot, sequence] of sequences.entries()) {
    if (!used.has(slot) && (best === undefined || sequence < (sequences[best] ?? 0))) best = slot;
  }
  return best;
}

function encodeSlot(sequence: number, key: string, value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify([key, value]));
  if (body.length > entryLimitBytes) throw new Error(`The entry ${key} has ${body.length} bytes; at most ${entryLimitBytes} fit`);
  const image = Buffer.alloc(headerBytes + body.length);
  image.writeUInt32BE(magic, 0);
  image.writeBigUInt64BE(BigInt(sequence), 8);
  image.writeUInt32BE(body.length, 16);
  body.copy(image, headerBytes);
  image.writeUInt32BE(checksum(image, body), 20);
  return image;
}

function decodeSlot(image: Buffer): { sequence: number; key: string; value: unknown } | undefined {
  if (image.readUInt32BE(0) !== magic) return undefined;
  const length = image.readUInt32BE(16);
  if (length > entryLimitBytes) return undefined;
  const body = image.subarray(headerBytes, headerBytes + length);
  if (image.readUInt32BE(20) !== checksum(image, body)) return undefined;
  const [key, value] = JSON.parse(body.toString()) as [string, unknown];
  return { sequence: Number(image.readBigUInt64BE(8)), key, value };
}

/** Of everything but the checksum itself. */
const checksum = (image: Buffer, body: Buffer): number => crc32(body, crc32(image.subarray(0, 20)));

async function loadEntries(file: FileHandle, entries: Map<string, Entry>, sequences: number[]): Promise<void> {
  const image = Buffer.alloc(slotBytes);
  for (let slot = 0; slot < slotCount; slot++) {
    await file.read(image, 0, slotBytes, slot * slotBytes);
    const found = decodeSlot(image);
    if (!found) continue;
    sequences[slot] = found.sequence;
    const known = entries.get(found.key);
    if (!known || known.sequence < found.sequence) entries.set(found.key, { slot, sequence: found.sequence, value: found.value });
  }
}

async function openPreallocated(path: string): Promise<FileHandle> {
  const existing = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const file = existing ?? (await open(path, 'wx+', 0o600));
  const { size } = await file.stat();
  // A file cut short is one whose making was interrupted: nothing was recorded in it yet, or all that was still is.
  if (size < slotBytes * slotCount) {
    await file.write(Buffer.alloc(slotBytes * slotCount - size), 0, slotBytes * slotCount - size, size);
    await file.sync();
    await syncFolder(dirname(path));
  }
  return file;
}
