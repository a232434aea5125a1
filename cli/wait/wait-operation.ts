import { type OperationHeadFragment, WatchOperationDocument } from '../generated/documents.ts';
import type { Client } from '../api/client.ts';
import { follow } from '../api/follow.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Session } from '../session/session.ts';
import { hasEnded, type Operation, subjectName } from './operation-view.ts';
import { createProgressView } from './progress-view.ts';

/** Follows an operation to its end, whatever that is. Ending the client early leaves the operation as it is. */
export async function waitForOperation(session: Session, client: Client, id: string): Promise<Operation> {
  const view = createProgressView(session.terminal);
  let last: Operation | null = null;
  try {
    const updates = follow(client, WatchOperationDocument, { id }, {
      isLast: ({ operation }) => hasEnded(operation),
      onLost: (reason) => view.note(`The connection was lost (${reason}); the operation goes on, coming back to it …`),
      onResumed: () => view.note('Connected again.'),
    });
    for await (const { operation } of updates) {
      last = operation;
      view.show(operation);
    }
  } catch (error) {
    throw session.signal.aborted ? stillRunning(session, last, id) : error;
  } finally {
    view.close();
  }
  if (!last) throw new Failure(`the operation ${id} told nothing`, { operation: { id } });
  return last;
}

function stillRunning(session: Session, last: Operation | null, id: string): Failure {
  const reason = session.signal.reason as unknown;
  const isTimeout = reason instanceof Failure && reason.code === 'CLIENT.TIMEOUT';
  return new Failure(`${isTimeout ? `${reason.message}; ` : ''}${last?.kind ?? 'the operation'} goes on without this client`, {
    code: isTimeout ? 'CLIENT.TIMEOUT' : 'CLIENT.INTERRUPTED', exitCode: isTimeout ? exitCodes.unavailable : exitCodes.interrupted,
    operation: { id }, remedy: `To end it: coffer operation cancel ${id}`,
  });
}

/** A fault, or a cancellation, becomes the command's failure. */
export function requireSuccess(operation: Operation): Operation {
  if (operation.state === 'SUCCEEDED') return operation;
  const subject = subjectName(operation);
  const what = `${operation.kind}${subject ? ` of ${subject}` : ''}`;
  const { fault } = operation;
  const failed = operation.steps.find(({ state }) => state === 'FAILED');
  const isNamed = failed && fault?.message.startsWith(failed.title); // most faults of a step begin with the step
  const ended = operation.state === 'CANCELLED' ? 'was cancelled' : failed && !isNamed ? `failed at "${failed.title}"` : 'failed';
  throw new Failure(`${what} ${ended}${fault ? `: ${fault.message}` : ''}`, {
    code: fault?.code ?? 'CLIENT.FAILED', exitCode: exitCodes.failure,
    remedy: operation.state === 'FAILED' ? `All of its steps: coffer operation show ${operation.id}` : null,
  });
}

/** Waits where that is wanted. The state of the operation is told either way. */
export async function finish(session: Session, client: Client, operation: OperationHeadFragment, isWaiting: boolean): Promise<OperationHeadFragment> {
  return isWaiting ? requireSuccess(await waitForOperation(session, client, operation.id)) : operation;
}
