import { describe, expect, it } from 'vitest';
import { runEventsSchedule } from '../../simulation/events/schedule.ts';
import { runOperationsSchedule } from '../../simulation/operations/schedule.ts';

/** Many more: node test/simulation/run.ts --schedules 100000. One again: --seed <seed>. */
const SCHEDULES = 2_000;

describe('under random crashes, delays, duplicates and zombies', () => {
  it(`no operation is stuck, no effect doubled, nothing left behind (${SCHEDULES} schedules)`, { timeout: 60_000 }, () => {
    const seen = { takeovers: 0, preemptions: 0, states: new Set<string>() };
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const result = runOperationsSchedule(seed);
      expect(result.violations, `replay with --seed ${seed}`).toEqual([]);
      seen.takeovers += result.takeovers;
      seen.preemptions += result.preemptions;
      for (const state of Object.keys(result.states)) seen.states.add(state);
    }
    // The schedules do reach what they are about.
    expect(seen.takeovers).toBeGreaterThan(SCHEDULES / 2);
    expect(seen.preemptions).toBeGreaterThan(SCHEDULES / 50);
    expect([...seen.states].sort()).toEqual(['CANCELLED', 'FAILED', 'SUCCEEDED']);
  });

  it(`no event is lost, doubled or out of order (${SCHEDULES} schedules)`, { timeout: 60_000 }, () => {
    let resumes = 0;
    let resets = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const result = runEventsSchedule(seed);
      expect(result.violations, `replay with --seed ${seed}`).toEqual([]);
      resumes += result.resumes;
      resets += result.resets;
    }
    expect(resumes).toBeGreaterThan(SCHEDULES);
    expect(resets).toBeGreaterThan(0);
  });

  it('the same seed gives the same schedule', () => {
    expect(runOperationsSchedule(42)).toEqual(runOperationsSchedule(42));
    expect(runEventsSchedule(42)).toEqual(runEventsSchedule(42));
  });
});
