export interface Count {
  passed: number;
  failed: number;
}

/** What we read of vitest's JSON report. */
export interface JsonReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/**
 * Counts tests; a skipped one is neither. A file that failed without a failed test (it could not be loaded, or a hook
 * failed) counts as one failure, and so does a run that ended badly without saying why: a failure is never lost.
 */
export function countResults(report: JsonReport | null, exitCode: number): Count {
  if (!report) return { passed: 0, failed: 1 };
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
}
