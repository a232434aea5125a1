/** What use cases do with operations: accept, look, cancel, retry, wait. The worker (`worker.ts`) runs them. */
import { setTimeout as delay } from 'node:timers/promises';
import { CofferError, notFound } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { appendMutation } from '../events/append.ts';
import { selectOperationViews } from '../store/operation-document.ts';
import type { Sealer } from '../store/seal.ts';
import type { Store, Tx } from '../store/tx.ts';
import { advance } from './advance.ts';
import { changeOperation, StaleOperationError } from './change-operation.ts';
import { createDefinitions } from './definitions.ts';
import { enqueueOperation, refuseIfHeld, takeTurn, type EnqueueDeps } from './enqueue.ts';
import type { OperationHooks } from './hooks.ts';
import { loadOperation, type Loaded } from './operation-rows.ts';
import { canCancel, outputsOf, viewOf, type OperationState } from './state.ts';
import { cancelRequested, retried } from './transitions.ts';
import type { AnyWorkflow, Operations, OperationView } from './workflow.ts';
import { createEndWatch } from './wait-for-end.ts';

export interface OperationsOptions {
  store: Store;
  sealer: Sealer;
  workflows: readonly AnyWorkflow[];
  hooks: OperationHooks;
  log: Log;
}

/** A worker writes several times a second; we get between two of its writes soon. */
const MAX_CONFLICTS = 20;
const CONFLICT_DELAY_MS = 10;

export function createOperations(options: OperationsOptions): Operations & { close(): void } {
  const { store, sealer, hooks } = options;
  const deps: EnqueueDeps = { definitions: createDefinitions(options.workflows), hooks, sealer };
  const watch = createEndWatch(options);

  async function load(tx: Tx, id: string): Promise<Loaded> {
    const loaded = await loadOperation(tx, id);
    if (!loaded) throw notFound(`operation ${id}`);
    return loaded;
  }

  /** Subject rows are locked before operation rows, so this one is read without a lock and written with a proof. */
  async function betweenWrites(work: (tx: Tx) => Promise<void>): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await store.transaction(work);
      } catch (error) {
        if (!(error instanceof StaleOperationError) || conflicts >= MAX_CONFLICTS) throw error;
        await delay(CONFLICT_DELAY_MS);
      }
    }
  }

  const view = async (id: string): Promise<OperationView | null> => (await selectOperationViews(store, 'o.id = $1', [id]))[0] ?? null;

  return {
    enqueue: (tx, request) => enqueueOperation(tx, deps, request),
    get: view,
    async cancel(id, by) {
      await betweenWrites(async (tx) => {
        const { state, now } = await load(tx, id);
        if (state.state === 'CANCELLING') return;
        if (!canCancel(state)) throw new CofferError('PRECONDITION.NOT_CANCELLABLE', refusalOf(state));
        await changeOperation(tx, deps, state, cancelledFrom(state, now), { wake: id });
        // The request is a mutation of its own: begun and done once it is accepted.
        await appendMutation(tx, by, { type: 'operation.cancel', subject: state.subjectId, projectId: state.projectId, operationId: state.id });
      });
      return (await view(id))!;
    },
    async retry(id, by, guard) {
      await betweenWrites(async (tx) => {
        const { state, now } = await load(tx, id);
        const workflow = deps.definitions.find(state.kind, state.workflowVersion);
        if (state.state !== 'FAILED' || !workflow?.retryable) {
          throw new CofferError('PRECONDITION.NOT_RETRYABLE', state.state === 'FAILED' ? `${state.kind} cannot be retried` : `the operation is ${state.state}, not FAILED`);
        }
        const epoch = await takeTurn(tx, deps, state.subjects, state.subjectId, state.lockMode);
        await refuseIfHeld(tx, state.subjects, state.lockMode);
        await tx.query('insert into subject_lock (subject_id, operation_id, mode) select s, $2, $3 from unnest($1::text[]) s', [state.subjects, id, state.lockMode]);
        await changeOperation(tx, deps, state, retried(workflow, state, by, Number(epoch), now), { wake: '', phase: 'START', data: { retry: true } });
        // Last, so that what it changes is seen under the operation.
        await guard?.(tx);
      });
      return (await view(id))!;
    },
    async waitForEnd(id, timeoutMs, signal) {
      await watch.wait(id, timeoutMs, signal);
      const { state } = await load(store, id);
      return { ...viewOf(state), outputs: outputsOf(state) };
    },
    close: () => watch.close(),
  };

  /** What nobody runs and nothing has to be undone of ends at once, also when no worker lives. */
  function cancelledFrom(state: OperationState, now: number): OperationState {
    const asked = cancelRequested(state, now);
    const workflow = deps.definitions.find(state.kind, state.workflowVersion);
    if (state.lease !== null || !workflow) return asked;
    const next = advance(workflow, asked, now);
    return next.act.do === 'ended' ? next.state : asked;
  }
}

const refusalOf = (state: OperationState): string =>
  state.undo ? 'the operation is being undone already' : state.isCancellable ? `the operation is ${state.state}` : `${state.kind} cannot be cancelled, or not any more`;

