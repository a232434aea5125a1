/** How an operation looks while it runs. Pure: the operation and the time in, lines out. */
import type { OperationStepsFragment } from '../generated/documents.ts';
import type { Style } from '../output/style.ts';
import { fit, padEnd, printable, textWidth } from '../output/text.ts';
import { durationText, percentText } from '../output/units.ts';

export type Operation = OperationStepsFragment;
type Step = Operation['steps'][number];

export const hasEnded = ({ state }: Pick<Operation, 'state'>): boolean => state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED';

export const subjectName = ({ subject }: Pick<Operation, 'subject'>): string | null => (!subject ? null : 'name' in subject ? subject.name : subject.id);

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barCells = 24;

export function progressBar(progress: number, cells = barCells): string {
  const full = Math.floor(Math.min(1, Math.max(0, progress)) * cells);
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

function mark(step: Step, frame: number, style: Style): string {
  switch (step.state) {
    case 'SUCCEEDED': return style.green('✓');
    case 'FAILED': return style.red('✗');
    case 'CANCELLED': return style.dim('–');
    case 'RUNNING': return style.cyan(frames[frame % frames.length]!);
    case 'CANCELLING': return style.yellow('↶');
    case 'PENDING': return style.dim('·');
  }
}

const elapsedMs = ({ startedAt, finishedAt }: Pick<Step, 'startedAt' | 'finishedAt'>, nowMs: number): number | null =>
  (startedAt ? Math.max(0, (finishedAt ? Date.parse(finishedAt) : nowMs) - Date.parse(startedAt)) : null);

/** "(2nd attempt)" is told: a step that is repeated has had a reason. */
const detail = (step: Step): string => [
  step.progress !== null && step.state === 'RUNNING' && step.progress > 0 ? percentText(step.progress) : '',
  step.attempts > 1 ? `attempt ${step.attempts}` : '',
  step.message ? printable(step.message) : '',
].filter((part) => part !== '').join(', ');

/** Of a step CANCELLED is: taken back, whether it failed or a later one did. */
export const stepWord = ({ state }: Pick<Step, 'state'>): string => (state === 'CANCELLED' ? 'UNDONE' : state);

export interface Frame { nowMs: number; columns: number; rows: number; count: number; style: Style }

/** Head with a bar, and a line a step. Never wider or higher than the terminal: it is drawn over itself. */
export function renderOperation(operation: Operation, { nowMs, columns, rows, count, style }: Frame): string[] {
  const subject = subjectName(operation);
  const took = elapsedMs({ startedAt: operation.createdAt, finishedAt: operation.finishedAt }, nowMs);
  const head = `${operation.kind}${subject ? ` ${printable(subject)}` : ''}  ${progressBar(operation.progress)} ${percentText(operation.progress)}  ${took === null ? '' : durationText(took)}`;
  const titleWidth = Math.max(0, ...operation.steps.map(({ title }) => textWidth(printable(title))));
  const steps = operation.steps.map((step) => {
    const ms = elapsedMs(step, nowMs);
    const text = `${padEnd(printable(step.title), titleWidth)}  ${step.state === 'PENDING' || ms === null ? '' : durationText(ms)}${detail(step) ? `  ${detail(step)}` : ''}`.trimEnd();
    const cut = fit(text, columns - 5);
    return `  ${mark(step, count, style)} ${step.state === 'PENDING' ? style.dim(cut) : cut}`;
  });
  const room = Math.max(1, rows - 2);
  return [style.bold(fit(head, columns - 1)), ...(steps.length > room ? aroundCurrent(operation.steps, steps, room) : steps)];
}

/** Where the terminal is too low: the steps around the one that runs. */
function aroundCurrent(steps: readonly Step[], lines: readonly string[], room: number): string[] {
  const current = Math.max(0, steps.findLastIndex(({ state }) => state !== 'PENDING'));
  const from = Math.min(Math.max(0, current - Math.floor(room / 2)), lines.length - room);
  return lines.slice(from, from + room);
}

/** For logs: a line for each step that has ended since the update before. */
export function endedStepLines(before: Operation | null, now: Operation): string[] {
  const ended = (step: Step | undefined): boolean => step !== undefined && (step.state === 'SUCCEEDED' || step.state === 'FAILED' || step.state === 'CANCELLED');
  return now.steps.filter((step) => ended(step) && !ended(before?.steps.find(({ name }) => name === step.name))).map((step) => {
    const ms = elapsedMs(step, 0);
    const word = step.state === 'SUCCEEDED' ? 'done' : stepWord(step).toLowerCase();
    return `${padEnd(percentText(now.progress), 4)} ${printable(step.title)}: ${word}${ms === null ? '' : ` (${durationText(ms)})`}${detail(step) ? `, ${detail(step)}` : ''}`;
  });
}
