import { open } from 'node:fs/promises';

const tailBytes = 16_384;
const lineCharacters = 500;

/** The last lines of a file, each cut to a bearable length; empty when it cannot be read. */
export async function tailOf(path: string, lines: number): Promise<string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, tailBytes)), 0, Math.min(size, tailBytes), start);
    const found = buffer.toString('utf8', 0, bytesRead).split('\n').filter((line) => line.trim() !== '');
    // The first of them may have been cut by the window.
    return (start > 0 ? found.slice(1) : found).slice(-lines).map((line) => line.slice(0, lineCharacters));
  } catch {
    return [];
  }
}
