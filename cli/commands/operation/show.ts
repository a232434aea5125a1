import type { OperationStepsFragment } from '../../generated/documents.ts';
import { paintWord } from '../../output/style.ts';
import { printable, printableLines } from '../../output/text.ts';
import { durationText, momentText, percentText } from '../../output/units.ts';
import type { Session } from '../../session/session.ts';
import { stepWord, subjectName } from '../../wait/operation-view.ts';

export function showOperation(session: Session, operation: OperationStepsFragment): void {
  const { terminal } = session;
  const { style } = terminal;
  if (session.isJson) return terminal.json(operation);
  const now = terminal.nowMs();
  terminal.fields([
    ['id', operation.id],
    ['kind', operation.kind],
    ['subject', subjectName(operation) && printable(subjectName(operation)!)],
    ['state', paintWord(style, operation.state)],
    ['fault', operation.fault ? style.red(`${printableLines(operation.fault.message)} (${operation.fault.code})`) : null],
    ['progress', percentText(operation.progress)],
    ['by', printable(operation.actor)],
    ['attempt', operation.attempt > 1 ? operation.attempt : null],
    ['cancellable', operation.cancellable ? 'yes' : null],
    ['created', momentText(operation.createdAt, now)],
    ['finished', operation.finishedAt ? momentText(operation.finishedAt, now) : null],
    ['deadline', operation.finishedAt ? null : momentText(operation.deadline, now)],
  ]);
  if (operation.steps.length === 0) return;
  terminal.line();
  terminal.table([
    { title: 'STEP', value: ({ title }) => title },
    { title: 'STATE', value: (step) => stepWord(step), paint: (text) => paintWord(style, text) },
    { title: 'TIME', value: ({ startedAt, finishedAt }) => (startedAt ? durationText((finishedAt ? Date.parse(finishedAt) : now) - Date.parse(startedAt)) : null), align: 'right' },
    { title: 'ATTEMPTS', value: ({ attempts }) => attempts, align: 'right' },
    { title: 'MESSAGE', value: ({ message }) => message },
  ], operation.steps);
}
