/** A small seeded generator: the same seed gives the same schedule on every machine. */
export interface Random {
  /** [0, 1) */
  next(): number;
  /** from (included) to (excluded) */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  let state = (seed * 2_654_435_761) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, int: (from, to) => from + Math.floor(next() * (to - from)), chance: (p) => next() < p, pick: (from) => from[Math.floor(next() * from.length)]! };
}
