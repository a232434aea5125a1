import { open } from 'node:fs/promises';

/**
 * As much of the ustar format (POSIX.1-2008, pax) as a file of ours needs: regular files with short names, below 8 GB.
 * What else stands in a tar (links, devices, long names) is not read as anything.
 */
export interface TarEntry { name: string; sizeBytes: number; offset: number }

const blockBytes = 512;
const maxEntries = 10_000;
const [regular, regularOld] = ['0', '\0'];
const [nameBytes, modeAt, sizeAt, timeAt, sumAt, typeAt, magicAt] = [100, 100, 124, 136, 148, 156, 257];

const checksum = (header: Buffer): number => header.reduce((sum, byte, at) => sum + (at >= sumAt && at < sumAt + 8 ? 0x20 : byte), 0);

/** The header of a file; the same name and size give the same bytes, so that one build gives one file. */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  if (Buffer.byteLength(name) > nameBytes || sizeBytes >= 8 ** 11) throw new Error(`${name} does not fit into a tar file`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  for (const [at, value, digits] of [[modeAt, 0o644, 7], [modeAt + 8, 0, 7], [modeAt + 16, 0, 7], [sizeAt, sizeBytes, 11], [timeAt, 0, 11]] as const) {
    header.write(value.toString(8).padStart(digits, '0'), at);
  }
  header.write(regular, typeAt);
  header.write('ustar\x0000', magicAt, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, sumAt, 'latin1');
  return header;
}

export const tarPadding = (sizeBytes: number): Buffer => Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
export const tarEnd = Buffer.alloc(2 * blockBytes);

const text = (header: Buffer, at: number, sizeBytes: number): string => header.toString('utf8', at, at + sizeBytes).replace(/\0.*$/s, '');

/** The regular files of a tar in their order, or undefined for what is no tar. */
export async function listTar(path: string): Promise<TarEntry[] | undefined> {
  const file = await open(path, 'r');
  try {
    const entries: TarEntry[] = [];
    for (let [at, count] = [0, 0]; count < maxEntries; count++) {
      const { buffer: header, bytesRead } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, at);
      if (bytesRead === blockBytes && header.every((byte) => byte === 0)) return entries;
      if (bytesRead < blockBytes || Number.parseInt(text(header, sumAt, 8), 8) !== checksum(header)) return undefined;
      const sizeBytes = Number.parseInt(text(header, sizeAt, 12), 8);
      if (!Number.isSafeInteger(sizeBytes)) return undefined;
      const type = header.toString('latin1', typeAt, typeAt + 1);
      if (type === regular || type === regularOld) entries.push({ name: text(header, 0, nameBytes), sizeBytes, offset: at + blockBytes });
      at += blockBytes + Math.ceil(sizeBytes / blockBytes) * blockBytes;
    }
    return undefined;
  } finally { await file.close(); }
}
