export interface Count {
  passed: number;
  failed: number;
  /** What failed and what it said, to be repeated at the end: a long log is read from there. */
  failures: string[];
}

/** What we read of vitest's JSON report. */
export interface JsonReport {
  numPassedTests: number;
  testResults: FileResult[];
}

interface FileResult {
  name: string;
  status: string;
  message: string;
  assertionResults: { status: string; fullName: string; failureMessages: string[] | null }[];
}

/**
 * Counts tests; a skipped one is neither. A file that failed without a failed test (it could not be loaded, or a hook
 * failed) counts as one failure, and so does a run that ended badly without saying why: a failure is never lost.
 */
export function countResults(report: JsonReport | null, exitCode: number): Count {
  if (!report) return { passed: 0, failed: 1, failures: ['ended without a report'] };
  const failures = report.testResults.filter(({ status }) => status === 'failed').flatMap(failuresOf);
  if (failures.length === 0 && exitCode !== 0) failures.push(`ended with ${exitCode}, with no failed test`);
  return { passed: report.numPassedTests, failed: failures.length, failures };
}

function failuresOf({ name, message, assertionResults }: FileResult): string[] {
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return [`${name}\n${message}`];
  return failed.map(({ fullName, failureMessages }) => [`${name} > ${fullName}`, ...(failureMessages ?? [])].join('\n'));
}
