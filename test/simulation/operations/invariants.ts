/** What must hold at every moment, and what must hold when everything has come to its end. */
import { MAX_INTERRUPTIONS } from '../../../gateway/operations/decide.ts';
import { hasEnded, type OperationState } from '../../../gateway/operations/state.ts';
import type { AnyWorkflow } from '../../../gateway/operations/workflow.ts';
import type { ModelAgent } from './agent.ts';
import type { ModelStore } from './store.ts';

/** No worker at all lives, or all are stopped, for less than this. */
const IDLE_MS = 12_000;

export interface Violation { rule: string; what: string; at: number }

export function checkAlways(store: ModelStore, violations: Violation[], at: number): void {
  const broken = (rule: string, what: string): void => { violations.push({ rule, what, at }); };
  for (const [subject, held] of store.locks) {
    if (held.some((l) => l.mode === 'EXCLUSIVE') && held.length > 1) broken('an exclusive lock is alone', `${subject}: ${JSON.stringify(held)}`);
    for (const lock of held) if (hasEnded(store.rows.get(lock.operation)!)) broken('what has ended holds nothing', `${lock.operation} holds ${subject}`);
  }
  for (const row of store.rows.values()) {
    if (!hasEnded(row) && !row.subjects.every((s) => store.locks.get(s)?.some((l) => l.operation === row.id))) broken('what runs holds its locks', row.id);
    if (row.steps.filter((s) => s.state === 'RUNNING' || s.state === 'CANCELLING').length > 1) broken('one step runs at a time', row.id);
    if (row.interruptions > MAX_INTERRUPTIONS + 1) broken('interruptions are bounded', `${row.id}: ${row.interruptions}`);
  }
}

export function checkAtEnd(store: ModelStore, agent: ModelAgent, workflowOf: (s: OperationState) => AnyWorkflow, violations: Violation[], at: number): void {
  const broken = (rule: string, what: string): void => { violations.push({ rule, what, at }); };
  for (const row of store.rows.values()) {
    if (!hasEnded(row)) broken('every operation ends', `${row.id} is ${row.state}: ${JSON.stringify(row.steps.map((s) => s.state))} ${JSON.stringify(row.undo)}`);
    if (store.cancelled.has(row.id) && row.state !== 'CANCELLED') broken('what was cancelled is cancelled', `${row.id} is ${row.state}`);
    for (const step of row.steps) if (step.startedAt !== null && step.startedAt > row.deadline) broken('nothing is begun after the deadline', `${row.id}/${step.name}`);
    if (row.finishedAt !== null && row.finishedAt > row.deadline + workflowOf(row).timeoutMs + IDLE_MS) broken('an operation ends in its time', `${row.id}: ${row.finishedAt - row.deadline} ms late`);
    checkEffects(row, agent, workflowOf(row), broken);
    checkEvents(row, store, broken);
  }
}

/** Done once when it succeeded, nothing left when it did not, unless the fault says that something is. */
function checkEffects(row: OperationState, agent: ModelAgent, workflow: AnyWorkflow, broken: (rule: string, what: string) => void): void {
  workflow.steps.forEach((step, i) => {
    const journal = row.steps[i]!;
    const standing = agent.standing(row.id, step.name);
    if (standing > 1) broken('no effect is doubled', `${row.id}/${step.name}: ${standing}`);
    // Whoever pre-empts takes care of what is there.
    if (row.fault?.code === 'OPERATION.PREEMPTED') return;
    if (row.state === 'SUCCEEDED' && standing !== (journal.isSkipped ? 0 : 1)) broken('a success has all its effects', `${row.id}/${step.name}: ${standing}`);
    const isTold = row.fault?.message.includes(`undoing "${step.title}" did not succeed`) ?? false;
    if ((row.state === 'FAILED' || row.state === 'CANCELLED') && standing !== 0 && !isTold) broken('a failure leaves nothing behind', `${row.id}/${step.name} of a ${row.state} one (${row.fault?.message})`);
    const limit = step.retry.attempts;
    if (journal.failures > limit) broken('attempts are bounded', `${row.id}/${step.name}: ${journal.failures} of ${limit}`);
  });
}

function checkEvents(row: OperationState, store: ModelStore, broken: (rule: string, what: string) => void): void {
  const events = store.log.filter((e) => e.operation === row.id);
  const starts = events.filter((e) => e.phase === 'START').length;
  const ends = events.filter((e) => e.phase === 'END' || e.phase === 'ERROR').length;
  if (starts !== ends) broken('each start has exactly one end', `${row.id}: ${starts} starts, ${ends} ends`);
  for (let i = 1; i < events.length; i++) {
    if (events[i]!.progress < events[i - 1]!.progress) broken('progress never goes back', row.id);
    if (events[i]!.version <= events[i - 1]!.version) broken('versions rise', row.id);
    const isAfterEnd = events[i - 1]!.phase === 'END' || events[i - 1]!.phase === 'ERROR';
    if (isAfterEnd && events[i]!.phase !== 'START') broken('nothing comes after the end', `${row.id}: ${events[i]!.phase}`);
  }
}
