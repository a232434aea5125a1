/** Colours: for people at a terminal who have not declined them (NO_COLOR, see no-color.org). */
export type Paint = (text: string) => string;
export interface Style { bold: Paint; dim: Paint; red: Paint; green: Paint; yellow: Paint; cyan: Paint }

const sgr = (open: number, close: number): Paint => (text) => (text === '' ? text : `\u001b[${open}m${text}\u001b[${close}m`);
const plain: Paint = (text) => text;

export const coloured: Style = { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39), cyan: sgr(36, 39) };
export const uncoloured: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

export function decideStyle(isTty: boolean, env: Readonly<Record<string, string | undefined>>, isWanted: boolean): Style {
  return isTty && isWanted && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? coloured : uncoloured;
}

const good = ['ACTIVE', 'SUCCEEDED', 'READY', 'STABLE', 'yes'];
const bad = ['ERROR', 'FAILED', 'UNHEALTHY', 'DISABLED'];
const passing = ['BUILDING', 'DELETING', 'RUNNING', 'PENDING', 'CANCELLING', 'UNKNOWN'];

/** Words of the API's enumerations, by what they mean for the reader. */
export function paintWord(style: Style, word: string): string {
  if (good.includes(word)) return style.green(word);
  if (bad.includes(word)) return style.red(word);
  return passing.includes(word) ? style.yellow(word) : word;
}
