import { expect, it } from 'vitest';
import { lastWordsOf } from '../../../strategies/datastores/postgresql/guest/last-words.ts';

const at = (text: string): string => `2026-11-29 04:32:04.672 UTC [20194] ${text}`;
const former = [
  at('LOG:  database system is ready to accept connections'), at('guest@postgres FATAL:  password authentication failed for user "guest"'), at('guest@postgres DETAIL:  Role "guest" does not exist.'),
  '\tConnection matched file "/x/pg_hba.conf" line 7: "hostssl all all all scram-sha-256"', at('LOG:  received fast shutdown request'), at('LOG:  database system is shut down'),
];
const reason = [at('FATAL:  too many server processes configured'), at('DETAIL:  "max_connections" (100) plus "max_worker_processes" (262143) must be less than 262143.')];

it('the last words are the reason, without the run before and without clients', () => {
  expect(lastWordsOf([...former, ...reason])).toBe(reason.join(' | '));
  const end = at('LOG:  database system is shut down');
  expect(lastWordsOf([...former, at('LOG:  starting PostgreSQL 18'), ...reason, end])).toBe([...reason, end].join(' | '));
  // one that was killed has said nothing of its end
  expect(lastWordsOf([...former.slice(0, 4), ...reason])).toBe([former[0], ...reason].join(' | '));
});
it('where nothing else is left the end of the log is told', () => {
  expect(lastWordsOf([at('LOG:  starting PostgreSQL 18')])).toBe(at('LOG:  starting PostgreSQL 18'));
  expect(lastWordsOf([])).toBe('');
});
