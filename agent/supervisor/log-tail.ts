import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const tailBytes = 16_384;
const lineCharacters = 500;

/**
 * The last lines of a file from that byte on, of all of it where it was emptied since; each is cut to a bearable length. Empty
 * when it cannot be read. The folder is the engine's own, so a link in it is not followed and a pipe is not waited for.
 */
export async function tailOf(path: string, lines: number, from = 0): Promise<string[]> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat();
    const begin = size < from ? 0 : from;
    const start = Math.max(begin, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const found = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first of them may have been cut by the window.
    return (start > begin ? found.slice(1) : found).filter((line) => line.trim() !== '').slice(-lines).map((line) => line.slice(0, lineCharacters));
  } catch {
    return [];
  }
}
