import { expect, test } from 'vitest';
import { countResults } from '../../../scripts/test-report.ts';

const file = (status: string, ...tests: string[]) => ({ status, assertionResults: tests.map((each) => ({ status: each })) });
const report = (passed: number, failed: number, ...files: ReturnType<typeof file>[]) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults: files,
});

test('skipped tests count neither way', () => {
  expect(countResults(report(1, 0, file('passed', 'passed', 'skipped')), 0)).toEqual({ passed: 1, failed: 0 });
});

test('a file that could not be loaded is a failure', () => {
  expect(countResults(report(3, 0, file('failed'), file('passed', 'passed')), 1)).toEqual({ passed: 3, failed: 1 });
});

test('a file with a failed test is not counted twice', () => {
  expect(countResults(report(0, 1, file('failed', 'failed')), 1)).toEqual({ passed: 0, failed: 1 });
});

test('a run that ends badly with all tests green is a failure', () => {
  expect(countResults(report(2, 0, file('passed', 'passed')), 1)).toEqual({ passed: 2, failed: 1 });
});

test('a run without a report is a failure', () => {
  expect(countResults(null, 0)).toEqual({ passed: 0, failed: 1 });
});
