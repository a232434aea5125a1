import { describe, expect, it } from 'vitest';
import { buildFindings, capped, preparedFindings } from '../../../strategies/datastores/sql-family/guest/findings.ts';

const build = (track: string, version: string) => ({ track, version });

describe('builds', () => {
  it('an older one of the track is no place for the data; the versions are compared by their numbers', () => {
    expect(buildFindings(build('9.7', '9.7.10'), build('9.7', '9.7.9'))).toEqual([{ severity: 'ERROR', subject: '9.7.9', message: expect.stringMatching(/older than 9\.7\.10.*install a newer one/) as string }]);
    expect(buildFindings(build('9.7', '9.7.9'), build('9.7', '9.7.10'))).toEqual([]);
  });
  it('the same version in another build is, and which track follows which is not asked here', () => {
    expect(buildFindings(build('9.7', '9.7.9'), build('9.7', '9.7.9'))).toEqual([]);
    expect(buildFindings(build('11.8', '11.8.9'), build('10.11', '10.11.19'))).toEqual([]);
  });
});

describe('prepared transactions', () => {
  it('each is a veto with the two ways to end it', () => {
    expect(preparedFindings(["'a','b',7"])).toEqual([{ severity: 'ERROR', subject: "'a','b',7", message: expect.stringMatching(/XA COMMIT 'a','b',7, or XA ROLLBACK 'a','b',7/) as string }]);
    expect(preparedFindings([])).toEqual([]);
  });
});

it('of many findings twenty are told, and how many there are', () => {
  const many = Array.from({ length: 23 }, (_, at) => ({ severity: 'ERROR' as const, subject: String(at), message: 'wrong' }));
  expect(capped(many.slice(0, 20))).toEqual(many.slice(0, 20));
  expect(capped(many)).toEqual([...many.slice(0, 20), { severity: 'ERROR', subject: null, message: 'and 3 more like these' }]);
});
