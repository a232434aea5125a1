import { describe, expect, it } from 'vitest';
import { isCofferError } from '../../../kernel/errors.ts';
import { combineFailures, EngineSourceError, explainFailure, fromFileError } from '../../../strategies/sources/source-error.ts';
import type { SourceFailure } from '../../../strategies/sources/source-error.ts';

const reasons: SourceFailure[] = [
  'not-found', 'wrong-version', 'no-network', 'no-debian-host', 'signature', 'disk-full', 'not-x64', 'missing-tool', 'no-such-package', 'corrupt-package',
  'not-writable', 'incomplete', 'timeout', 'apt-failed', 'bad-spec',
];

describe('a refusal', () => {
  it.each(reasons)('for %s says what, why, and how to bring the binary by hand', (reason) => {
    const error = explainFailure(new EngineSourceError(reason, 'the thing went wrong'), 'engine', '17');
    expect(error.message).toMatch(/^engine 17 could not be installed: the thing went wrong\. .*name its directory: COFFER_ENGINE_PATHS="engine\/17=\/path\/to\/bin"\.$/);
    expect(error).toMatchObject({ code: 'SOURCE.UNAVAILABLE', reason });
    expect(error.remedy).toContain('COFFER_ENGINE_PATHS');
    expect(isCofferError(error)).toBe(true);
  });

  it('of several sources tells of each, and has the reason of the last', () => {
    const combined = combineFailures([new EngineSourceError('no-network', 'no archive'), new EngineSourceError('not-found', 'none on this host')]);
    expect(combined).toMatchObject({ reason: 'not-found', message: 'no archive; none on this host' });
    expect(combineFailures([])).toMatchObject({ reason: 'bad-spec' });
  });

  it('names a full disk and a missing right as what they are, and leaves other errors alone', () => {
    expect(fromFileError({ code: 'ENOSPC' }, '/e')).toMatchObject({ reason: 'disk-full', message: 'the disk that holds /e is full' });
    expect(fromFileError({ code: 'EACCES', path: '/e/locks' }, '/e')).toMatchObject({ reason: 'not-writable', message: expect.stringContaining('may not write to /e/locks') });
    const other = new Error('x');
    expect(fromFileError(other, '/e')).toBe(other);
    expect(fromFileError(undefined, '/e')).toBeUndefined();
  });
});
