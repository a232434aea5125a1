import { describe, expect, it } from 'vitest';
import { fileProblem, moduleFindings, parseInfo, persistenceFindings } from '../../../strategies/datastores/redis/guest/upgrade.ts';

describe('whether Redis can be upgraded', () => {
  it('hangs on its files having been written well', () => {
    expect(persistenceFindings(parseInfo('# Persistence\r\naof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\n'))).toEqual([]);
    expect(persistenceFindings(parseInfo('aof_last_write_status:err\r\nrdb_last_bgsave_status:ok\r\n'))).toMatchObject([{ severity: 'ERROR', subject: 'aof_last_write_status' }]);
  });
  it('and on the new build reading what the former one wrote', () => {
    const stdout = '[offset 0] Checking RDB file a.rdb\n--- RDB ERROR DETECTED ---\n[offset 9] Can\'t handle RDB format version 12\n[additional info] While doing: start\n[info] 0 keys read\n';
    expect(fileProblem({ exitCode: 1, stdout, stderr: '' })).toBe('Can\'t handle RDB format version 12');
    expect(fileProblem({ exitCode: 1, stdout: '', stderr: 'Cannot open file a.rdb\n' })).toBe('Cannot open file a.rdb');
    expect(fileProblem({ exitCode: 0, stdout: '[offset 18] looks OK', stderr: '' })).toBeNull();
  });
  it('and on no module being loaded', () => expect(moduleFindings(['search'])).toMatchObject([{ severity: 'ERROR', subject: 'search' }]));
});
