/** Why the server ended, from the end of its log. Pure. */

/** of the log that is looked at, and of what is told */
export const logLines = 40;
const toldLines = 8;

/** What every run begins with: nothing is wrong, and with it the reason may not fit where it is told. */
const isRoutine = (line: string): boolean => / LOG: {2}(starting PostgreSQL|listening on|database system was (shut down|interrupted)|redirecting log|ending log output)/.test(line);

/** Lines of a client's session bear its name: what they say is no reason to end. The message follows what stands before it. */
const isOfSession = (line: string): boolean => / \[\d+\] \S*@\S* /.test(line);

export function lastWordsOf(lines: readonly string[]): string {
  const telling = lines.filter((line) => !isRoutine(line) && !isOfSession(line) && !line.startsWith('\t'));
  return (telling.length > 0 ? telling : lines).slice(-toldLines).map((line) => line.trim()).join(' | ');
}
