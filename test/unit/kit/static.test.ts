import { describe, expect, it } from 'vitest';
import type { RuleResult } from '../../../kit/results.ts';
import { judge, type Run } from '../../../kit/static/run-static.ts';
import { shiftedDate } from '../../../kit/static/shifted-clock.ts';

const result = (rule: string, ...details: string[]): RuleResult => ({ tier: 'static', capability: 'CONTRACT', rule, state: details.length > 0 ? 'failed' : 'passed', tookMs: 1, details });
const run = (answers: string[] | null, ...results: RuleResult[]): Run => ({ loaded: null, results, answered: answers && { kind: 'answered', answers, doors: [] } });
const said = (here: Run, there: Run): Record<string, string> => Object.fromEntries(judge(here, there).map(({ rule, state, details }) => [rule, [state, ...details].join(': ')]));
const [pure, same] = ['the control half does no input or output', 'the same question to the control half has the same answer'];

describe('two runs of the static tier', () => {
  it('that answer alike pass, each rule told once', () => {
    expect(said(run(['1'], result('loads')), run(['1'], result('loads')))).toEqual({ loads: 'passed', [pure]: 'passed', [same]: 'passed' });
    expect(judge(run(['1'], result('loads')), run(['1'], result('loads')))).toHaveLength(3);
  });
  it('that answer differently fail', () => {
    expect(said(run(['1', '2']), run(['1', '3']))[same]).toBe('failed: once 2, once 3');
  });
  it('fail when one of them gives no answer, whichever, and say why', () => {
    const ended = result('leaves its process alone', 'the process ended with 3');
    expect(said(run(['1'], result('loads')), run(null, result('loads'), ended))).toEqual({
      loads: 'passed', 'leaves its process alone': 'failed: the process ended with 3 (400 days later, in the time zone Pacific/Auckland)', [pure]: 'passed', [same]: 'failed: one of its two processes gave no answers',
    });
    expect(said(run(null, ended), run(['1']))).toMatchObject({ 'leaves its process alone': 'failed: the process ended with 3', [same]: expect.stringMatching(/^failed/) });
  });
  it('that both end at once tell it once', () => {
    expect(judge(run(null, result('loads', 'not today')), run(null, result('loads', 'not today')))).toEqual([result('loads', 'not today')]);
  });
  it('fail for what fails in the second alone', () => {
    expect(said(run(['1'], result('odd texts')), run(['1'], result('odd texts', 'it threw')))['odd texts']).toMatch(/^failed: it threw \(400 days later/);
  });
  it('tell of input and output in either', () => {
    const there = run(['1']);
    there.answered?.doors.push('fs.readFileSync');
    expect(said(run(['1']), there)[pure]).toBe('failed: it called fs.readFileSync');
  });
});

describe('a clock that is ahead', () => {
  const dayMs = 86_400_000;
  const Ahead = shiftedDate(Date, 400 * dayMs);
  it('is so however it is read', () => {
    const expected = Date.now() + 400 * dayMs;
    for (const now of [Ahead.now(), new Ahead().getTime(), Date.parse(Ahead())]) expect(Math.abs(now - expected)).toBeLessThan(dayMs);
  });
  it('changes no date that is given', () => {
    expect([new Ahead(0).toISOString(), new Ahead(2026, 0, 2).getTime(), Ahead.UTC(2026, 0), Ahead.parse('2026-01-01')]).toEqual([new Date(0).toISOString(), new Date(2026, 0, 2).getTime(), Date.UTC(2026, 0), Date.parse('2026-01-01')]);
    expect(new Ahead()).toBeInstanceOf(Date);
    expect(new Date()).toBeInstanceOf(Ahead);
  });
});
