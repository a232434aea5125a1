/** What a bench answers with. Printed as tables that are Markdown as well, so that a run can be pasted into a page. */
export type Cell = string | number | null;
export interface Table {
  title: string;
  /** what was measured and how, in sentences */
  notes: readonly string[];
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

/** As many digits as mean something. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 2 });
}

const text = (cell: Cell): string => (cell === null ? '–' : typeof cell === 'number' ? numberText(cell) : cell);

export function renderTable({ title, notes, columns, rows }: Table): string {
  const cells = [columns, ...rows].map((row) => row.map(text));
  const widths = columns.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const isNumber = columns.map((_, column) => rows.every((row) => typeof row[column] === 'number' || row[column] === null));
  const line = (row: string[]): string => `| ${row.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (isNumber[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [`### ${title}`, '', ...notes, ...(notes.length > 0 ? [''] : []), line(cells[0]!), rule, ...cells.slice(1).map(line), ''].join('\n');
}
