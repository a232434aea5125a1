/** Data lie on the volume and are cached as far as there is memory: nothing of them can be too large. The number of connections can. */
import type { Finding, GuestContext, NextSize } from '../../../spi/guest.ts';
import { managementConnections } from '../sizing.ts';
import { withManagement } from './management.ts';

export async function check(ctx: GuestContext, { sizing, parameters }: NextSize): Promise<Finding[]> {
  const most = Number(parameters['max_connections'] ?? sizing['max_connections']) - managementConnections;
  const [row] = await withManagement(ctx, { purpose: 'read' }, (sql) => sql.rows<{ n: number }>("select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"));
  const open = row?.n ?? 0;
  if (open <= most) return [];
  return [{ severity: 'WARNING', subject: 'max_connections', message: `${open} connections are open, and there would be ${most} for applications: those above are refused` }];
}
