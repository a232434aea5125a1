/** What the running server knows of what the way to another track will meet. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, GuestContext, NamedBuild } from '../../../../spi/guest.ts';
import type { Sql } from '../../../sql-family/guest/dialect.ts';
import { isSystemDatabase } from '../../../sql-family/names.ts';
import { collationsOfTrack } from '../../collations.ts';
import { names } from '../../rules.ts';
import { collationFindings, programFindings, upgradeProgram, versionedFindings } from './findings.ts';
import { versionedTables } from './versioned.ts';

export async function findings(ctx: GuestContext, sql: Sql, to: NamedBuild): Promise<Finding[]> {
  if (to.track === ctx.track) return [];
  const databases = await sql.rows('select SCHEMA_NAME as name, DEFAULT_CHARACTER_SET_NAME as characters, DEFAULT_COLLATION_NAME as collation from information_schema.SCHEMATA');
  return [
    ...programFindings(existsSync(join(to.bin, upgradeProgram)), to.version),
    ...versionedFindings(await versionedTables(sql)),
    ...collationFindings(
      databases.filter((row) => !isSystemDatabase(row['name'] ?? '', names)).map((row) => ({ characterSet: row['characters'] ?? '', collation: row['collation'] ?? '' })),
      collationsOfTrack(ctx.track), collationsOfTrack(to.track),
    ),
  ];
}
