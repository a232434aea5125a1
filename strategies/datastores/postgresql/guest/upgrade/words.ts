/** What pg_upgrade printed, for people. Pure. */

const mostLines = 20;
const progressLine = /^(Performing|Checking|Creating|Deleting|Setting|Copying|Linking|Restoring|Analyzing|Dumping|Finding|\*|-{3,})/;

/**
 * Each check that failed, in pg_upgrade's own words, with the files that it names: `Checking for … fatal`, a paragraph that
 * may end with "… in the file:" and the file's name. Without such a paragraph its last lines.
 */
export function problemsOf(output: string): { words: string; files: string[] }[] {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const found: { words: string; files: string[] }[] = [];
  for (const [index, line] of lines.entries()) {
    if (!/\bfatal$/.test(line)) continue;
    const end = lines.findIndex((other, at) => at > index && (/^Failure, exiting/.test(other) || /\b(ok|fatal|warning)$/.test(other)));
    const paragraph = lines.slice(index + 1, end < 0 ? undefined : end).filter((text) => text.trim() !== '');
    const files = paragraph.map((text) => text.trim()).filter((text) => text.startsWith('/'));
    const words = paragraph.map((text) => text.trim()).filter((text) => !text.startsWith('/')).join(' ').replace(/\s*A list of[^.]* in the file:?/g, '').replace(/\s+/g, ' ').trim();
    if (words !== '' || files.length > 0) found.push({ words, files });
  }
  if (found.length > 0) return found;
  const last = lines.filter((line) => line.trim() !== '' && !progressLine.test(line) && !/^Failure, exiting/.test(line)).slice(-5);
  return [{ words: last.map((line) => line.trim()).join(' ') || 'pg_upgrade does not say why', files: [] }];
}

/** Of a file that a problem names: `In database: x` before the things in it. */
export function namedThings(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const shown = lines.slice(0, mostLines).join('; ');
  return lines.length > mostLines ? `${shown}; and ${lines.length - mostLines} more lines` : shown;
}
