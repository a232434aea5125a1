import { CofferError } from '../../kernel/errors.ts';
import type { Fence } from '../../kernel/fence.ts';
import { compareFence } from '../../kernel/fence.ts';

/** One act at a time for each guest. A call with a newer fence aborts the one that runs, and those that wait are not begun. */
export interface Lanes {
  run<T>(instanceId: string, claim: Claim, caller: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
  isBusy(instanceId: string): boolean;
}

const waitersLimit = 32;

type Claim = { fence: Fence; operationId: string } | null;
interface Lane { waiting: number; tail: Promise<unknown>; /** of those that ran or wait */ newest: Claim; current: { claim: Claim; abort: AbortController } | null }

const isOlder = (claim: Claim, than: Claim): boolean => claim !== null && than !== null && compareFence(claim.fence, than.fence, false) < 0;

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>();
  return {
    isBusy: (id) => lanes.has(id),
    async run(id, claim, caller, act) {
      const lane = lanes.get(id) ?? { waiting: 0, tail: Promise.resolve(), newest: null, current: null };
      if (lane.waiting >= waitersLimit) throw new CofferError('HOST.UNREACHABLE', `too many calls wait for ${id}`);
      lanes.set(id, lane);
      lane.waiting += 1;
      const superseded = (): CofferError => new CofferError('AGENT.FENCED', `${id}: a newer call has taken over`);
      if (lane.current && isOlder(lane.current.claim, claim)) lane.current.abort.abort(superseded());
      if (claim && !isOlder(claim, lane.newest)) lane.newest = claim;
      const previous = lane.tail;
      const turn = previous.catch(() => {}).then(async () => {
        caller.throwIfAborted();
        if (isOlder(claim, lane.newest)) throw superseded();
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
