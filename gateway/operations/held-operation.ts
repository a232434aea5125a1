/**
 * A claimed operation in a worker's hands. All its changes go through `change`, one after the other; each is a pure
 * transition that is applied again when somebody else (a cancel) wrote in between, and refused when the claim is gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isCofferError } from '../../kernel/errors.ts';
import type { Store, Tx } from '../store/tx.ts';
import { changeOperation, StaleOperationError, type ChangeDeps, type ChangeOptions } from './change-operation.ts';
import { loadOperation, type Loaded } from './operation-rows.ts';
import { hasEnded, type OperationState } from './state.ts';
import { LeaseLostError, OperationCancelledError } from './step-fault.ts';
import type { StoreClock } from './store-clock.ts';

export interface Held {
  readonly state: OperationState;
  readonly secrets: Buffer | null;
  /** aborted when the claim is gone: nothing of ours counts any more */
  readonly lost: AbortSignal;
  /** aborted when a cancel was asked for */
  readonly cancelled: AbortSignal;
  change<T>(transition: (state: OperationState) => { state: OperationState; result: T }, options?: (after: OperationState) => ChangeOptions): Promise<T>;
  /** The change and the proof that the claim still stands, in one transaction. */
  write<T>(attempt: number, change: (tx: Tx) => Promise<T>): Promise<T>;
  /** Somebody may have written: look. */
  refresh(): Promise<void>;
  lose(): void;
}

/** A cancel in between happens once; more than this is a fault of ours. */
const MAX_CONFLICTS = 20;
const STORE_RETRY_MS = 200;
const PROOF = `select 1 as held from operation where id = $1 and attempt = $2 and lease_owner = $3 for share`;

export function createHeld(deps: ChangeDeps & { store: Store; clock: StoreClock; owner: string }, loaded: Loaded): Held {
  const { store, owner, clock } = deps;
  let state = loaded.state;
  let tail: Promise<unknown> = Promise.resolve();
  const lost = new AbortController();
  const cancelled = new AbortController();

  const loseNow = (): LeaseLostError => {
    const error = new LeaseLostError(`operation ${state.id} is no longer held under claim ${state.attempt}`);
    if (!lost.signal.aborted) lost.abort(error);
    return error;
  };

  function adopt(next: OperationState): void {
    state = next;
    if (next.state === 'CANCELLING' && next.undo === null && !cancelled.signal.aborted) cancelled.abort(new OperationCancelledError('the operation was cancelled'));
  }

  async function reload(): Promise<void> {
    const fresh = await loadOperation(store, state.id);
    if (!fresh || fresh.state.attempt !== state.attempt || fresh.state.lease?.owner !== owner) throw loseNow();
    clock.learn(fresh.now);
    adopt(fresh.state);
  }

  /** One after the other; a failed one does not stop those behind it. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = tail.then(work, work);
    tail = mine.catch(() => {});
    return mine;
  }

  async function changeNow<T>(transition: (s: OperationState) => { state: OperationState; result: T }, options: (after: OperationState) => ChangeOptions): Promise<T> {
    for (let conflicts = 0; conflicts < MAX_CONFLICTS;) {
      if (lost.signal.aborted) throw lost.signal.reason;
      const before = state;
      const next = transition(before);
      if (next.state === before) return next.result;
      try {
        await store.transaction((tx) => changeOperation(tx, deps, before, next.state, options(next.state)));
        state = { ...next.state, version: before.version + 1 };
        return next.result;
      } catch (error) {
        const isUnknown = isCofferError(error) && error.code === 'STORE.UNAVAILABLE';
        if (!(error instanceof StaleOperationError) && !isUnknown) throw error;
        // Whether a commit without an answer happened can be read: versions only rise under one claim.
        const settled = await settle(before, next.state, isUnknown);
        if (settled) return next.result;
        conflicts += 1;
      }
    }
    throw loseNow();
  }

  /** True when the change is there after all. */
  async function settle(before: OperationState, after: OperationState, isUnknown: boolean): Promise<boolean> {
    while (!lost.signal.aborted) {
      try {
        const fresh = await loadOperation(store, before.id);
        const isOurs = isUnknown && fresh?.state.version === before.version + 1 && fresh.state.attempt === after.attempt && fresh.state.state === after.state;
        if (isOurs && (hasEnded(after) || fresh.state.lease?.owner === after.lease?.owner)) {
          state = fresh.state;
          return true;
        }
        if (!fresh || fresh.state.attempt !== before.attempt || fresh.state.lease?.owner !== owner) throw loseNow();
        clock.learn(fresh.now);
        adopt(fresh.state);
        return false;
      } catch (error) {
        if (error instanceof LeaseLostError) throw error;
        await delay(STORE_RETRY_MS);
      }
    }
    throw lost.signal.reason;
  }

  return {
    get state() { return state; },
    secrets: loaded.secrets,
    lost: lost.signal,
    cancelled: cancelled.signal,
    change: (transition, options = () => ({})) => inTurn(() => changeNow(transition, options)),
    write: (attempt, change) => store.transaction(async (tx) => {
      const result = await change(tx);
      // Last, because rows are locked in the order subject, operation; a lost claim undoes the change.
      const rows = await tx.query(PROOF, [state.id, attempt, owner]);
      if (rows.length === 0) throw loseIf(attempt);
      return result;
    }),
    refresh: () => inTurn(async () => { if (!lost.signal.aborted && !hasEnded(state)) await reload(); }),
    lose: () => { loseNow(); },
  };

  /** A stray attempt of our own (it did not stop when told) is refused without costing the present one its claim. */
  function loseIf(attempt: number): LeaseLostError {
    return attempt === state.attempt ? loseNow() : new LeaseLostError(`claim ${attempt} of operation ${state.id} is over`);
  }
}
