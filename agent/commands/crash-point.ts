import { faultPoint } from '../../kernel/fault-point.ts';
import type { SlotStore } from '../state/slot-store.ts';

/** A place of a command where a test may kill the agent: `agent:<command>:<before|inside|after>:<n>`. */
export type CrashPoint = (command: string, place: 'before' | 'inside' | 'after') => void;

const armedKey = 'test-kill';

/** Armed in the first process of an instance only: the next one, started with the same environment, has to get on with it. */
export async function armCrashPoints(store: SlotStore): Promise<CrashPoint> {
  const wanted = process.env['COFFER_TEST_KILL_AT'];
  if (wanted === undefined || store.get(armedKey) === wanted) return () => undefined;
  await store.put(armedKey, wanted);
  return (command, place) => faultPoint('agent', command, place);
}
