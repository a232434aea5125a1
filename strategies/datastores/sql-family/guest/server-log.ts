/** What the server has said since a moment. The folder is the engine's own, so a link in it is not followed. */
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';

const tailBytes = 16_384;
const [mostLines, lineChars] = [40, 500];

type LogContext = Pick<GuestContext, 'paths'>;
const pathOf = ({ paths }: LogContext, { logFile }: Pick<Dialect, 'logFile'>): string => join(paths.logs, logFile);

/** How far it goes now. */
export const logEnd = (ctx: LogContext, dialect: Pick<Dialect, 'logFile'>): Promise<number> => lstat(pathOf(ctx, dialect)).then(({ size }) => size, () => 0);

/** The last lines beyond that; of the whole log where it was emptied since. */
export async function linesSince(ctx: LogContext, dialect: Pick<Dialect, 'logFile'>, end: number): Promise<string[]> {
  try {
    await using file = await open(pathOf(ctx, dialect), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat();
    const from = Math.max(size < end ? 0 : end, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.toString('utf8', 0, bytesRead).split('\n').filter((line) => line.trim() !== '').slice(-mostLines).map((line) => line.slice(0, lineChars));
  } catch {
    return [];
  }
}
