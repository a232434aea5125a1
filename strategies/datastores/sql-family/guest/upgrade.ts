/**
 * Another build. What stands in the way in the whole family is asked here, the rest of the engine; and an engine that does not
 * bring its system tables forward by itself when it starts says how.
 */
import type { Finding, GuestContext, GuestHalf } from '../../../spi/guest.ts';
import type { Dialect, Sql } from './dialect.ts';
import { buildFindings, preparedFindings } from './findings.ts';
import { withManagement } from './management.ts';

export const createUpgrade = (dialect: Dialect): NonNullable<GuestHalf['upgrade']> => ({
  check: (ctx, to) => withManagement(ctx, dialect, 'read', async (sql): Promise<Finding[]> => [
    ...buildFindings(ctx, to), ...preparedFindings(await preparedXids(sql, dialect)), ...((await dialect.upgrade?.findings(ctx, sql, to)) ?? []),
  ]),
  run: async (ctx, from) => dialect.upgrade?.run(ctx, from),
  async finish(_ctx: GuestContext) { /* nobody comes in before all is done */ },
});

/** As XA COMMIT and XA ROLLBACK take them. */
export const preparedXids = async (sql: Sql, { prepared }: Dialect): Promise<string[]> => (await sql.rows(prepared.query)).map(prepared.xid);
