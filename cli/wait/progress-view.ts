/** Draws an operation on standard error: over itself for a person, line by line for a log. */
import type { Terminal } from '../output/terminal.ts';
import { endedStepLines, type Operation, renderOperation } from './operation-view.ts';

export interface ProgressView { show(operation: Operation): void; note(text: string): void; close(): void }

export const createProgressView = (terminal: Terminal): ProgressView => (terminal.isLive ? createLiveView(terminal) : createLogView(terminal));

function createLogView(terminal: Terminal): ProgressView {
  let last: Operation | null = null;
  return {
    show(operation) {
      for (const line of endedStepLines(last, operation)) terminal.note(line);
      last = operation;
    },
    note: (text) => terminal.note(text),
    close() {},
  };
}

const frameMs = 100;
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';

function createLiveView(terminal: Terminal): ProgressView {
  let operation: Operation | null = null;
  let drawn = 0;
  let count = 0;
  const erase = (): string => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '');
  const draw = (): void => {
    if (!operation) return;
    const lines = renderOperation(operation, { nowMs: terminal.nowMs(), columns: terminal.columns(), rows: terminal.rows(), count, style: terminal.errorStyle });
    terminal.draw(`${erase()}${lines.join('\n')}\n`);
    drawn = lines.length;
    count += 1;
  };
  terminal.draw(hideCursor);
  const timer = setInterval(draw, frameMs);
  return {
    show(next) { operation = next; draw(); },
    note(text) {
      terminal.draw(`${erase()}${text}\n`);
      drawn = 0;
      draw();
    },
    close() {
      clearInterval(timer);
      draw();
      terminal.draw(showCursor);
    },
  };
}
