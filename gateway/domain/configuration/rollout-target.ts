/** The revision that a rollout has for an instance; null: it is none of its. */
export const targetOf = (work: { revision: number; back?: Readonly<Record<string, number>> | undefined }, instanceId: string): number | null =>
  (work.back === undefined ? work.revision : Object.hasOwn(work.back, instanceId) ? work.back[instanceId]! : null);
