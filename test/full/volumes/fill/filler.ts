/** One engine whose volume is filled through its stock client. */
export interface Login { user: string; password: string }
export interface Filler {
  datastore: string; version: string; flavor: string;
  /** of a group, without which something else than the volume could be full first */
  values: { name: string; value: string }[];
  /** how its refusal reads; the client's words where the engine waits or is gone */
  refusal: RegExp;
  /** until a write is taken again; the engine may look for room at times of its own */
  againMs: number;
  /** Writes until the engine refuses; answers how often it had said yes, and its own words. */
  fill(instance: any, login: Login): Promise<{ taken: number; words: string }>;
  /** How much of that is there. */
  count(instance: any, login: Login): Promise<number>;
  /** One write more. */
  write(instance: any, login: Login): Promise<unknown>;
}
/** Batches; the engine's own log of them may be larger than they are. */
const mostBatches = 200;

export async function untilRefused(batch: (n: number) => Promise<unknown>): Promise<{ taken: number; words: string }> {
  for (let taken = 0; taken < mostBatches; taken++) {
    const words = await batch(taken).then(() => null, (error: Error) => error.message);
    if (words !== null) return { taken, words };
  }
  throw new Error('the volume was never full');
}
