/** The store's clock as this process knows it: leases and deadlines of several machines are compared by that one. */
export interface StoreClock {
  now(): number;
  /** Called with a time the store just told. */
  learn(storeNow: number): void;
}

export function createStoreClock(): StoreClock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    learn(storeNow) { offset = storeNow - Date.now(); },
  };
}
