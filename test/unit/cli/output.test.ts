import { describe, expect, it } from 'vitest';
import { decideStyle, coloured, uncoloured } from '../../../cli/output/style.ts';
import { type Column, renderFields, renderTable } from '../../../cli/output/table.ts';
import { fit, padEnd, printable, textWidth } from '../../../cli/output/text.ts';
import { ageText, bytesText, durationText } from '../../../cli/output/units.ts';
import { type Operation, endedStepLines, progressBar, renderOperation } from '../../../cli/wait/operation-view.ts';

describe('widths', () => {
  it.each([['abc', 3], ['日本語', 6], ['é', 1], ['e\u0301', 1], ['👩‍👩‍👧', 2], ['✓', 1], ['❤️', 2], ['\u001b[31mred\u001b[39m', 3], ['ｆ', 2], ['', 0]])('%j takes %i cells', (text, width) => { expect(textWidth(text)).toBe(width); });
  it('pads and cuts by cells, never inside a character', () => {
    expect(padEnd('日本', 6)).toBe('日本  ');
    expect(fit('日本語', 5)).toBe('日本…');
    expect(fit('日本語', 4)).toBe('日…');
    expect(fit('short', 5)).toBe('short');
  });
  it('shows control characters and direction marks', () => { expect(printable('a\u001b[2J\n\u202eb')).toBe('a\\u001b[2J\\u000a\\u202eb'); });
});

describe('tables', () => {
  interface Row { name: string; size: number | null }
  const columns: Column<Row>[] = [{ title: 'NAME', value: ({ name }) => name }, { title: 'SIZE', value: ({ size }) => size, align: 'right' }, { title: 'X', value: () => '' }];
  it('line up whatever the script of their cells is', () => {
    expect(renderTable(columns, [{ name: '日本', size: 5 }, { name: 'a', size: null }], uncoloured)).toEqual([
      'NAME  SIZE  X',
      '日本     5  –',
      'a        –  –',
    ]);
  });
  it('line up with colours too', () => {
    const [head, row] = renderTable([{ title: 'A', value: () => 'x', paint: coloured.red }, { title: 'B', value: () => 'y' }], [{}], coloured);
    expect([textWidth(head!), textWidth(row!)]).toEqual([4, 4]);
    expect(row).toContain('\u001b[31mx');
  });
  it('fields without a value are left out, lines of a value stand below each other', () => {
    expect(renderFields([['name', 'a'], ['none', null], ['long one', 'x\ny']], uncoloured)).toEqual(['name      a', 'long one  x', '          y']);
  });
});

describe('colours', () => {
  it.each([[true, {}, true, coloured], [false, {}, true, uncoloured], [true, { NO_COLOR: '1' }, true, uncoloured], [true, {}, false, uncoloured], [true, { TERM: 'dumb' }, true, uncoloured], [true, { NO_COLOR: '' }, true, coloured]] as const)(
    'a terminal: %s, environment %j, wanted: %s', (isTty, env, isWanted, style) => { expect(decideStyle(isTty, env, isWanted)).toBe(style); });
});

describe('numbers', () => {
  it('of bytes', () => { expect([0, 512, 1536, 150 * 1024 ** 2, 3.5 * 1024 ** 4, null].map(bytesText)).toEqual(['0 B', '512 B', '1.5 KiB', '150 MiB', '3.5 TiB', '–']); });
  it('of time', () => {
    expect([400, 12_340, 185_000, 7_800_000, 356_400_000].map(durationText)).toEqual(['0.4 s', '12.3 s', '3m 05s', '2h 10m', '4d 3h']);
    expect(ageText('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:30Z'))).toBe('5m');
    expect(ageText('2026-01-01T00:00:10Z', Date.parse('2026-01-01T00:00:00Z'))).toBe('0s'); // clocks differ
  });
});

const at = (seconds: number): string => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1000).toISOString();
const step = (name: string, state: Operation['steps'][number]['state'], from: number | null = null, to: number | null = null, more: object = {}): Operation['steps'][number] =>
  ({ name, title: `Do ${name}`, state, attempts: 1, progress: null, message: null, startedAt: from === null ? null : at(from), finishedAt: to === null ? null : at(to), ...more });
const operation = (steps: Operation['steps'], more: Partial<Operation> = {}): Operation => ({
  id: 'op_1', kind: 'instance.create', state: 'RUNNING', step: null, progress: 0.5, actor: 'token:a', createdAt: at(0), startedAt: at(0), finishedAt: null, cancellable: true,
  attempt: 1, deadline: at(600), subject: { __typename: 'Instance', id: 'inst_1', name: 'shop' }, steps, fault: null, ...more,
});

describe('an operation while it runs', () => {
  const frame = { nowMs: Date.parse(at(12)), columns: 80, rows: 24, count: 0, style: uncoloured };
  it('has a bar, and a line a step with its time', () => {
    const lines = renderOperation(operation([step('one', 'SUCCEEDED', 0, 2), step('two', 'RUNNING', 2, null, { progress: 0.25, message: 'half of it', attempts: 2 }), step('three', 'PENDING')]), frame);
    expect(lines).toEqual([
      'instance.create shop  ████████████░░░░░░░░░░░░ 50%  12.0 s',
      '  ✓ Do one    2.0 s',
      '  ⠋ Do two    10.0 s  25%, attempt 2, half of it',
      '  · Do three',
    ]);
  });
  it('is never wider or higher than the terminal, and keeps the step that runs in sight', () => {
    const many = Array.from({ length: 40 }, (_, n) => step(`number ${n} with a very long name 日本語`, n < 20 ? 'SUCCEEDED' : n === 20 ? 'RUNNING' : 'PENDING', n, n < 20 ? n + 1 : null));
    const lines = renderOperation(operation(many), { ...frame, columns: 30, rows: 10 });
    expect(lines.length).toBeLessThan(10);
    expect(Math.max(...lines.map(textWidth))).toBeLessThan(30);
    expect(lines.join('\n')).toContain('number 20');
  });
  it('tells each step once in a log, when it has ended', () => {
    const first = operation([step('one', 'SUCCEEDED', 0, 2), step('two', 'RUNNING', 2)], { progress: 0.5 });
    const second = operation([step('one', 'SUCCEEDED', 0, 2), step('two', 'FAILED', 2, 3, { message: 'no room' })], { progress: 0.6 });
    expect(endedStepLines(null, first)).toEqual(['50%  Do one: done (2.0 s)']);
    expect(endedStepLines(first, second)).toEqual(['60%  Do two: failed (1.0 s), no room']);
    expect(endedStepLines(second, second)).toEqual([]);
    expect(endedStepLines(first, operation([step('one', 'SUCCEEDED', 0, 2), step('two', 'CANCELLED', 2, 3, { message: 'no room' })], { progress: 0.5 }))).toEqual(['50%  Do two: undone (1.0 s), no room']);
  });
  it('a bar is full at the end and not before', () => { expect([progressBar(0, 4), progressBar(0.99, 4), progressBar(1, 4), progressBar(7, 4)]).toEqual(['░░░░', '███░', '████', '████']); });
});
