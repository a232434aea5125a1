/** Data lie on the volume and are cached as far as there is memory: nothing of them can be too large. The number of connections can. */
import type { Finding, GuestContext, NextSize } from '../../../spi/guest.ts';
import type { Dialect } from './dialect.ts';
import { withManagement } from './management.ts';

export async function check(ctx: GuestContext, dialect: Dialect, { sizing, parameters }: NextSize): Promise<Finding[]> {
  const most = Number(parameters['max_connections'] ?? sizing['max_connections']);
  const [row] = await withManagement(ctx, dialect, 'read', (sql) => sql.rows("show global status like 'Threads_connected'"));
  const open = Number(row?.['Value'] ?? 0) - 1;
  if (open <= most) return [];
  return [{ severity: 'WARNING', subject: 'max_connections', message: `${open} connections are open, and there would be ${most}: new ones are refused until some are closed` }];
}
