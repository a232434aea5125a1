/** Why the server ended, from the end of its log. Pure. */
import { complaintsOf } from './try-config.ts';

/** of the log that is looked at, and of what is told */
export const logLines = 40;
const toldLines = 5;

/** Not the server's log but what a program, a loader or a crash prints; "Version:" is said by a server that works. */
const isUnmarked = (line: string): boolean => !/\[(Note|Warning|System|ERROR)\]|^Version: /.test(line);

/** Errors, and what is no line of the log; else whatever came last. */
export function lastWordsOf(lines: readonly string[]): string {
  const telling = lines.flatMap((line) => (isUnmarked(line) ? [line.trim()] : complaintsOf(line)));
  return (telling.length > 0 ? [...new Set(telling)] : lines).slice(-toldLines).join(' | ');
}
