import { CofferError } from '../../kernel/errors.ts';
import type { Fence } from '../../kernel/fence.ts';
import { compareFence } from '../../kernel/fence.ts';

/** One act at a time for each guest. A call with a newer fence aborts the one that runs and follows it. */
export interface Lanes {
  run<T>(instanceId: string, claim: { fence: Fence; operationId: string } | null, caller: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
  isBusy(instanceId: string): boolean;
}

const waitersLimit = 32;

interface Lane { waiting: number; tail: Promise<unknown>; current: { claim: { fence: Fence; operationId: string } | null; abort: AbortController } | null }

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>();
  return {
    isBusy: (id) => lanes.has(id),
    async run(id, claim, caller, act) {
      const lane = lanes.get(id) ?? { waiting: 0, tail: Promise.resolve(), current: null };
      if (lane.waiting >= waitersLimit) throw new CofferError('HOST.UNREACHABLE', `too many calls wait for ${id}`);
      lanes.set(id, lane);
      lane.waiting += 1;
      if (claim && lane.current?.claim && compareFence(claim.fence, lane.current.claim.fence, false) > 0) {
        lane.current.abort.abort(new CofferError('AGENT.FENCED', `${id}: a newer call has taken over`));
      }
      const previous = lane.tail;
      const turn = previous.catch(() => {}).then(async () => {
        caller.throwIfAborted();
        const abort = new AbortController();
        lane.current = { claim, abort };
        return act(AbortSignal.any([caller, abort.signal]));
      });
      lane.tail = turn;
      try {
        return await turn;
      } finally {
        lane.waiting -= 1;
        if (lane.tail === turn) lane.current = null;
        if (lane.waiting === 0) lanes.delete(id);
      }
    },
  };
}
