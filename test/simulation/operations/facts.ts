export { hasEnded } from '../../../gateway/operations/state.ts';
import type { OperationState } from '../../../gateway/operations/state.ts';

/** Claimed more than once: somebody took it over, or it was given back. */
export const needsRetry = (state: OperationState): boolean => state.attempt > 1;
