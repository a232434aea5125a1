/** What mariadb-upgrade printed, for people. Pure. */

const mostShown = 3;
const mostChars = 600;
const shown = (words: readonly string[]): string | null => (words.length === 0 ? null : words.slice(0, mostShown).join('; ').slice(0, mostChars));

/** It ends well also where a table could not be brought over. What was broken before is said too, and is no matter of the upgrade. */
export function leftBehind(output: string): string | null {
  const lines = output.split('\n').map((line) => line.trim());
  return shown(lines.flatMap((line, at) => {
    const reason = /^Error *: *(.*)$/i.exec(lines[at + 1] ?? '')?.[1];
    return line.startsWith('Failed to ') ? [reason === undefined ? line : `${line}: ${reason}`] : [];
  }));
}

export interface CheckAnswer { table: string; text: string }

/** Of `CHECK TABLE … FOR UPGRADE`: tables that this server cannot read before they are written anew. */
export const unbuilt = (answers: readonly CheckAnswer[]): string | null =>
  shown(answers.filter(({ text }) => /^(Table )?(rebuild|upgrade) required/i.test(text)).map(({ table, text }) => `${table}: ${text}`));

export const failureOf = (output: string): string =>
  shown(output.split('\n').map((line) => line.trim()).filter((line) => /^(ERROR \d|FATAL ERROR|Failed to |Can't )|: Got error: \d/.test(line))) ?? (output.trim().split('\n').at(-1) ?? '').slice(0, mostChars);
