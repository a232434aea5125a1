/** What pg_upgrade printed, for people. Pure. */

export interface Problem { words: string; /** that pg_upgrade wrote the things it means into */ file: string | null }

const mostLines = 20;
/** What it is at, with how that went; and headings. */
const noise = /^\S.*\s{2,}(ok|fatal|warning|failed check: .*)$|^(Performing .*|-{3,}|Failure, exiting|Data type checks failed:.*|A list of .* in the file:)$/;
/** What is said before anything has gone wrong, and where to look, which is looked at. */
const advice = /^(If pg_upgrade fails after this point|you must re-initdb|new cluster before continuing|Restoring database schemas|.*\*failure\*|.*the probable cause of the failure)/;
const logFile = /^Consult the last few lines of "(.*\.log)" for$/;
const listFile = /^\s{2,}(\S.*\.txt)$/;

/** Each thing that is wrong, in pg_upgrade's own words: a paragraph, which may end with the name of a file. */
export function problemsOf(output: string): Problem[] {
  const found: Problem[] = [];
  let words: string[] = [];
  const end = (file: string | null): void => {
    if (words.length > 0 || file !== null) found.push({ words: words.join(' ').replace(/\s+/g, ' '), file });
    words = [];
  };
  for (const line of output.split('\n').map((text) => text.trimEnd())) {
    const [, file] = listFile.exec(line) ?? logFile.exec(line) ?? [];
    if (file !== undefined) end(file);
    else if (line.trim() !== '' && !noise.test(line) && !advice.test(line.trim())) words.push(line.trim());
  }
  end(null);
  return found.length > 0 ? found : [{ words: 'pg_upgrade does not say why', file: null }];
}

/** Of such a file: `In database: x` before the things in it. */
export function namedThings(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const shown = lines.slice(0, mostLines).join('; ');
  return lines.length > mostLines ? `${shown}; and ${lines.length - mostLines} more lines` : shown;
}

/** Of a log: what was wrong last. */
export function lastErrors(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('command:'));
  const errors = lines.filter((line) => /error:|ERROR|FATAL|PANIC/.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join('; ').slice(0, 600);
}
