import type { OperationView } from '../../operations/workflow.ts';
import type { TaskDoc } from './document.ts';

/** The running exclusive operation as its instance carries it. */
export const taskOf = (o: OperationView): TaskDoc => ({
  id: o.id, kind: o.kind, state: o.state, step: o.step, progress: o.progress, attempt: o.attempt, actor: o.actor, cancellable: o.cancellable,
  deadline: o.deadline, createdAt: o.createdAt, startedAt: o.startedAt, finishedAt: o.finishedAt,
});
