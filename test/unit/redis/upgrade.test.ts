import { describe, expect, it } from 'vitest';
import { moduleFindings, parseInfo, persistenceFindings } from '../../../strategies/datastores/redis/guest/upgrade.ts';

describe('whether Redis can be upgraded', () => {
  it('hangs on its files having been written well', () => {
    expect(persistenceFindings(parseInfo('# Persistence\r\naof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\n'))).toEqual([]);
    expect(persistenceFindings(parseInfo('aof_last_write_status:err\r\nrdb_last_bgsave_status:ok\r\n'))).toMatchObject([{ severity: 'ERROR', subject: 'aof_last_write_status' }]);
  });
  it('and on no module being loaded', () => expect(moduleFindings(['search'])).toMatchObject([{ severity: 'ERROR', subject: 'search' }]));
});
