/** Tables and lists of fields for people. Pure: rows in, lines out. */
import { padEnd, padStart, printable, textWidth } from './text.ts';
import type { Style } from './style.ts';

export interface Column<Row> {
  title: string;
  value(row: Row): string | number | null | undefined;
  align?: 'right';
  paint?(text: string, row: Row): string;
}

const gap = '  ';
const cellText = (value: string | number | null | undefined): string => (value === null || value === undefined || value === '' ? '–' : printable(String(value)));

export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string[] {
  const cells = rows.map((row) => columns.map((column) => cellText(column.value(row))));
  const widths = columns.map((column, at) => Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line[at]!))));
  const lay = (texts: readonly string[], paint: (text: string, at: number) => string): string => texts.map((text, at) => {
    const isLast = at === columns.length - 1;
    const painted = paint(text, at);
    if (columns[at]!.align === 'right') return padStart(painted, widths[at]!);
    return isLast ? painted : padEnd(painted, widths[at]!);
  }).join(gap);
  return [
    lay(columns.map(({ title }) => title), (text) => style.bold(text)),
    ...cells.map((line, index) => lay(line, (text, at) => columns[at]!.paint?.(text, rows[index]!) ?? text)),
  ];
}

export type Field = [name: string, value: string | number | null | undefined];

/** One thing: a field a line; fields without a value are left out. */
export function renderFields(fields: readonly Field[], style: Style): string[] {
  const shown = fields.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)));
  return shown.flatMap(([name, value]) => {
    const [first = '', ...rest] = String(value).split('\n');
    return [`${style.dim(padEnd(name, width))}${gap}${first}`, ...rest.map((line) => ' '.repeat(width) + gap + line)];
  });
}
