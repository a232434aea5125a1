/** Why the server ended, from the end of its log. Pure. */

/** of the log that is looked at, and of what is told */
export const logLines = 40;
const toldLines = 8;

/** What every run begins with: nothing is wrong, and with it the reason may not fit where it is told. */
const isRoutine = (line: string): boolean => / LOG: {2}(starting PostgreSQL|listening on|database system was (shut down|interrupted)|redirecting log|ending log output)/.test(line);

/** Lines of a client's session bear its name: what they say is no reason to end. The message follows what stands before it. */
const isOfSession = (line: string): boolean => / \[\d+\] \S*@\S* /.test(line);

/** Of this start alone: an earlier run that ended in order said so, and its lines are none of the reason. */
export function lastWordsOf(lines: readonly string[]): string {
  const isEnd = (line: string): boolean => line.includes('database system is shut down');
  const last = lines.findLastIndex((line) => !isEnd(line));
  const own = lines.slice(lines.slice(0, last + 1).findLastIndex(isEnd) + 1);
  const telling = own.filter((line) => !isRoutine(line) && !isOfSession(line) && !line.startsWith('\t'));
  return (telling.length > 0 ? telling : lines).slice(-toldLines).map((line) => line.trim()).join(' | ');
}
