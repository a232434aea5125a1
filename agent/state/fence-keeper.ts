/** The highest fence seen, on disk before anything is done in its name: a zombie is refused also after a restart. */
import { compareFence, type Fence } from '../../kernel/fence.ts';
import type { SlotStore } from './slot-store.ts';

export interface SeenFence { fence: Fence; operationId: string }
export type FenceDecision = 'older' | 'known' | 'newer';
const fenceKey = 'fence';

export function decideFence(highest: SeenFence | undefined, incoming: SeenFence): FenceDecision {
  if (!highest) return 'newer';
  const isSameOperation = highest.operationId === incoming.operationId;
  const order = compareFence(incoming.fence, highest.fence, isSameOperation);
  if (order !== 0) return order < 0 ? 'older' : 'newer';
  return isSameOperation ? 'known' : 'newer';
}

export class FencedError extends Error {
  override readonly name = 'FencedError';
  readonly highest: SeenFence;
  constructor(highest: SeenFence) {
    super(`A newer fence was seen (generation ${highest.fence.generation}, epoch ${highest.fence.epoch}, attempt ${highest.fence.attempt} of ${highest.operationId}): the caller lost its claim`);
    this.highest = highest;
  }
}

export interface FenceKeeper {
  /** Throws FencedError for an older one; resolves when a newer one is durable. */
  admit(incoming: SeenFence): Promise<void>;
  /** Throws FencedError when it is no longer the newest of its operation or subject. */
  check(incoming: SeenFence): void;
}

export function createFenceKeeper(store: SlotStore): FenceKeeper {
  /** Per operation too: shared operations of one epoch take turns, each with attempts of its own. */
  const attempts = new Map<string, number>();
  const highest = (): SeenFence | undefined => store.get(fenceKey) as SeenFence | undefined;
  let pending: SeenFence | undefined;

  const check = (incoming: SeenFence): FenceDecision => {
    const newest = pending ?? highest();
    const decision = decideFence(newest, incoming);
    if (decision === 'older' && newest) throw new FencedError(newest);
    const attempt = attempts.get(incoming.operationId);
    if (attempt !== undefined && incoming.fence.attempt < attempt) {
      throw new FencedError({ operationId: incoming.operationId, fence: { ...incoming.fence, attempt } });
    }
    return decision;
  };

  return {
    check: (incoming) => void check(incoming),
    async admit(incoming) {
      if (check(incoming) !== 'newer') return;
      pending = incoming;
      if (attempts.size >= rememberedOperations) attempts.delete(attempts.keys().next().value ?? '');
      attempts.set(incoming.operationId, incoming.fence.attempt);
      await store.put(fenceKey, incoming);
    },
  };
}
const rememberedOperations = 64;
