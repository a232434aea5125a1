/** What MySQL does not tell of its parameters. */
import { withCommon } from '../../sql-family/overlay.ts';

export const overlay = withCommon({
  log_error_verbosity: { default: '2' },
  optimizer_trace: { default: 'enabled=off,one_line=off' },
  // It says no to most changes of these while it runs.
  innodb_doublewrite: { apply: 'RESTART' },
  innodb_commit_concurrency: { apply: 'RESTART' },
});
