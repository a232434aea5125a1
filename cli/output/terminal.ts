/** The two outputs: results on standard output, everything else on standard error. */
import { decideStyle, type Style } from './style.ts';
import { type Column, type Field, renderFields, renderTable } from './table.ts';

export interface Output { write(text: string): unknown; isTTY?: boolean | undefined; columns?: number | undefined; rows?: number | undefined }
export interface Terminal {
  style: Style; errorStyle: Style;
  /** a person watches standard error: progress may be drawn over itself */
  isLive: boolean;
  /** a person can be asked */
  isInteractive: boolean;
  columns(): number;
  rows(): number;
  nowMs(): number;
  line(text?: string): void;
  /** exactly one JSON value */
  json(value: unknown): void;
  /** one JSON value of many, a line each */
  jsonLine(value: unknown): void;
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void;
  fields(fields: readonly Field[]): void;
  /** for people, beside the result */
  note(text: string): void;
  /** to standard error as it is, for what draws */
  draw(text: string): void;
}

export interface TerminalOptions { out: Output; error: Output; isInputTty: boolean; env: Readonly<Record<string, string | undefined>>; isColourWanted: boolean }

const defaultColumns = 80;
const defaultRows = 24;

export function createTerminal({ out, error, isInputTty, env, isColourWanted }: TerminalOptions): Terminal {
  const style = decideStyle(out.isTTY === true, env, isColourWanted);
  const errorStyle = decideStyle(error.isTTY === true, env, isColourWanted);
  const lines = (all: readonly string[]): void => { if (all.length > 0) out.write(`${all.join('\n')}\n`); };
  return {
    style, errorStyle,
    isLive: error.isTTY === true && env['TERM'] !== 'dumb',
    isInteractive: isInputTty && error.isTTY === true,
    columns: () => error.columns || defaultColumns, // 0: a terminal that does not know
    rows: () => error.rows || defaultRows,
    nowMs: () => Date.now(),
    line: (text = '') => void out.write(`${text}\n`),
    json: (value) => void out.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => void out.write(`${JSON.stringify(value)}\n`),
    table: (columns, rows) => lines(renderTable(columns, rows, style)),
    fields: (fields) => lines(renderFields(fields, style)),
    note: (text) => void error.write(`${text}\n`),
    draw: (text) => void error.write(text),
  };
}
