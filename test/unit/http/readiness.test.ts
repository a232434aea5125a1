import { expect, test } from 'vitest';
import { feedProblem } from '../../../gateway/health.ts';

test.each([
  [{ readAgoMs: 1_000, heldMs: 0 }, null],
  [{ readAgoMs: 4_999, heldMs: 59_999 }, null],
  [{ readAgoMs: null, heldMs: 0 }, /not been read yet/],
  [{ readAgoMs: 5_001, heldMs: 0 }, /could not be read for 5 s/],
  [{ readAgoMs: 10, heldMs: 60_001 }, /held events back for 60 s/],
])('an event feed of %j is ready unless it is far behind', (stats, problem) => {
  const told = feedProblem(stats);
  if (problem === null) expect(told).toBeNull();
  else expect(told).toMatch(problem);
});
