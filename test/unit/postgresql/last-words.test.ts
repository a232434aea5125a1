import { expect, it } from 'vitest';
import { lastWordsOf } from '../../../strategies/datastores/postgresql/guest/last-words.ts';

const at = (text: string): string => `2026-11-29 04:32:04.672 UTC [20194] ${text}`;
const clients = [
  at('guest@postgres FATAL:  password authentication failed for user "guest"'), at('guest@postgres DETAIL:  Role "guest" does not exist.'),
  '\tConnection matched file "/x/pg_hba.conf" line 7: "hostssl all all all scram-sha-256"', ];
const reason = [at('FATAL:  too many server processes configured'), at('DETAIL:  "max_connections" (100) plus "max_worker_processes" (262143) must be less than 262143.')];

it('the last words are the reason, without what every start says and without clients', () => {
  expect(lastWordsOf([...clients, ...reason])).toBe(reason.join(' | '));
  const end = at('LOG:  database system is shut down');
  expect(lastWordsOf([at('LOG:  starting PostgreSQL 18'), ...clients, ...reason, end])).toBe([...reason, end].join(' | '));
});
it('where nothing else is left the end of the log is told', () => {
  expect(lastWordsOf([at('LOG:  starting PostgreSQL 18')])).toBe(at('LOG:  starting PostgreSQL 18'));
  expect(lastWordsOf([])).toBe('');
});
