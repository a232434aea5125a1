import { expect, test } from 'vitest';
import { countResults } from '../../../scripts/test-report.ts';

const outcome = (status: string, index: number) => ({ status, fullName: `test ${index}`, failureMessages: status === 'failed' ? ['1 is not 2'] : [] });
const file = (status: string, ...tests: string[]) => ({ name: 'a.test.ts', status, message: status === 'failed' ? 'not loaded' : '', assertionResults: tests.map(outcome) });
const report = (passed: number, ...files: ReturnType<typeof file>[]) => ({ numPassedTests: passed, testResults: files });

test('skipped tests count neither way', () => {
  expect(countResults(report(1, file('passed', 'passed', 'skipped')), 0)).toEqual({ passed: 1, failed: 0, failures: [] });
});

test('a file that could not be loaded is a failure', () => {
  expect(countResults(report(3, file('failed'), file('passed', 'passed')), 1)).toEqual({ passed: 3, failed: 1, failures: ['a.test.ts\nnot loaded'] });
});

test('failed tests are told by name with what they said, and their file is not counted as well', () => {
  const failures = ['a.test.ts > test 1\n1 is not 2', 'a.test.ts > test 2\n1 is not 2'];
  expect(countResults(report(1, file('failed', 'passed', 'failed', 'failed')), 1)).toEqual({ passed: 1, failed: 2, failures });
});

test('a run that ends badly with all tests green is a failure', () => {
  expect(countResults(report(2, file('passed', 'passed')), 7)).toEqual({ passed: 2, failed: 1, failures: ['ended with 7, with no failed test'] });
});

test('a run without a report is a failure', () => {
  expect(countResults(null, 0)).toEqual({ passed: 0, failed: 1, failures: ['ended without a report'] });
});
