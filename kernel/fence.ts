/**
 * A fencing token. `generation` is the store's (raised when the store is restored from a backup), `epoch` counts the
 * exclusive claims of a subject, `attempt` the claims of one operation. Compared in that order; an older one is refused.
 * Whoever refuses remembers the newest fence of the subject and, as shared operations go side by side, of each operation.
 */
export interface Fence { generation: number; epoch: number; attempt: number }

/** Negative: a is older. `attempt` decides only between two fences of one operation. */
export const compareFence = (a: Fence, b: Fence, sameOperation: boolean): number =>
  a.generation - b.generation || a.epoch - b.epoch || (sameOperation ? a.attempt - b.attempt : 0);
