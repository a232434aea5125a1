/** Why the server ended, from the end of its log. Pure. */
import type { EngineExit } from '../../../spi/guest.ts';
import { complaintsOf } from './try-config.ts';

const toldLines = 5;

const isEnd = (line: string): boolean => /: Shutdown complete| Server - end\./.test(line);
/** Not the server's log but what a program, a loader or a crash prints; "Version:" is said by a server that works. */
const isUnmarked = (line: string): boolean => !/\[(Note|Warning|System|ERROR)\]|^Version: /.test(line);

/** Of this start alone: an earlier run that ended in order said so. Errors, and what is no line of the log; else whatever came last. */
export function lastWordsOf(lines: readonly string[]): string {
  const last = lines.findLastIndex((line) => !isEnd(line));
  const own = lines.slice(lines.slice(0, last + 1).findLastIndex(isEnd) + 1);
  const telling = own.flatMap((line) => (isUnmarked(line) ? [line.trim()] : complaintsOf(line)));
  return (telling.length > 0 ? [...new Set(telling)] : own).slice(-toldLines).join(' | ');
}

/** How it ended, where its log has nothing of that. */
export const endOf = ({ code, signal }: Pick<EngineExit, 'code' | 'signal'>): string =>
  `it said nothing${signal !== null ? `, and was ended by ${signal}` : code !== null ? `, and ended with code ${code}` : ''}`;
