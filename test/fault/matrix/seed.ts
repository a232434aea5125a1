/**
 * What is drawn, and how it is drawn again. Every run draws anew and says its seed: COFFER_TEST_SEED=<seed> repeats it,
 * COFFER_TEST_MATRIX=full takes every point in place of a sample. `node test/fault/run-matrix.ts` sets both.
 */
import { createRandom } from '../../simulation/random.ts';

export const seed = Number(process.env['COFFER_TEST_SEED'] || Date.now() % 1_000_000);
export const isFull = process.env['COFFER_TEST_MATRIX'] === 'full';
/** Of what is alike, some; COFFER_TEST_MATRIX=full takes all. */
export const sampled = <T>(from: readonly T[], count: number): readonly T[] => (isFull ? from : createDraw()(from, count));
export const fullTimeoutMs = 30 * 60_000;

export function createDraw(): <T>(from: readonly T[], count: number) => T[] {
  const random = createRandom(seed);
  return (from, count) => {
    const left = [...from];
    return Array.from({ length: Math.min(count, left.length) }, () => left.splice(random.int(0, left.length), 1)[0]!);
  };
}
