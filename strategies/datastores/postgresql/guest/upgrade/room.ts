/** What pg_upgrade writes beside data that it links: the catalogues of all databases anew, empty files that links take the place of, and the log of that. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding, GuestContext } from '../../../../spi/guest.ts';
import { withManagement } from '../management.ts';

export interface Made { catalogueBytes: number; /** tables and indexes of tenants */ files: number }

export async function lackOfRoom(ctx: GuestContext, databases: readonly string[]): Promise<Finding[]> {
  const made: Made = { catalogueBytes: 0, files: 0 };
  for (const database of databases) {
    const [row] = await withManagement(ctx, { purpose: 'read', database }, (sql) => sql.rows<Made>(`select
      coalesce(sum(pg_total_relation_size(oid)) filter (where relkind = 'r' and relnamespace = 'pg_catalog'::regnamespace), 0)::float8 as "catalogueBytes",
      (count(*) filter (where oid >= 16384 and relfilenode <> 0))::float8 as files from pg_class where not relisshared`));
    made.catalogueBytes += row?.catalogueBytes ?? 0;
    made.files += row?.files ?? 0;
  }
  const { bavail, bsize } = await statfs(dirname(ctx.paths.data));
  return roomFindings(made, bavail * bsize);
}

const mib = 1024 ** 2;
const inMb = (bytes: number): number => Math.ceil(bytes / mib);
/** As measured, with many databases and with thousands of tables in one. */
const [leastBytes, share, fileBytes] = [24 * mib, 1.6, 8_192];

/** Pure. */
export function roomFindings({ catalogueBytes, files }: Made, freeBytes: number): Finding[] {
  const needed = leastBytes + share * catalogueBytes + fileBytes * files;
  if (freeBytes >= needed) return [];
  return [{ severity: 'ERROR', subject: null, message: `pg_upgrade makes the catalogues of all databases anew, which take ${inMb(catalogueBytes)} MB: with its log that needs ${inMb(needed)} MB of the disk, which has ${inMb(freeBytes)} MB left. Make room on the disk first, or enlarge the volume` }];
}
