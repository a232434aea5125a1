/** The time, given from outside so that tests can be a month ahead. */
export interface Clock {
  /** Unix milliseconds */
  now(): number;
}
export const systemClock: Clock = { now: () => Date.now() };
