import { faultPoint } from '../../kernel/fault-point.ts';
import type { SlotStore } from '../state/slot-store.ts';

/** A place of a command where a test may kill the agent: `agent:<command>:<before|inside|after>:<n>`. */
export type CrashPoint = (command: string, place: 'before' | 'inside' | 'after', nth?: number) => void;

const armedKey = 'test-kill';

/** Armed in the first process of an instance only: the next one, started with the same environment, has to get on with it. */
export async function armCrashPoints(store: SlotStore): Promise<CrashPoint> {
  const point: CrashPoint = (command, place, nth) => faultPoint('agent', command, place, nth);
  if (process.env['COFFER_TEST_FAULT_FOLDER'] !== undefined) return point;
  const wanted = process.env['COFFER_TEST_KILL_AT'];
  if (wanted === undefined || store.get(armedKey) === wanted) return () => undefined;
  await store.put(armedKey, wanted);
  return point;
}
