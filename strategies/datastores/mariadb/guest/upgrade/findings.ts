/** What the way from one track to the next means for what is there, in words. Pure. */
import type { Finding } from '../../../../spi/guest.ts';
import { type CollationTable, collationsOf } from '../../../sql-family/collations.ts';
import { capped } from '../../../sql-family/guest/findings.ts';

export const upgradeProgram = 'mariadb-upgrade';

export const programFindings = (isThere: boolean, version: string): Finding[] =>
  (isThere ? [] : [{ severity: 'ERROR', subject: upgradeProgram, message: `the build ${version} does not have this program, which brings the data over: install a build that has it` }]);

export interface VersionedTable { database: string; name: string; bytes: number }

/**
 * From 11.5 on a row that is still true ends in 2106 instead of 2038: a server that has not rewritten such a table shows it empty.
 * https://mariadb.com/kb/en/system-versioned-tables/
 */
export const versionedFindings = (tables: readonly VersionedTable[]): Finding[] => capped(tables.map(({ database, name, bytes }): Finding => (
  { severity: 'WARNING', subject: `${database}.${name}`, message: `this table has system versioning, and is written anew while clients are interrupted: ${Math.ceil(bytes / 1024 ** 2)} MB, for which the disk needs room meanwhile` }
)));

export interface DatabaseCollation { characterSet: string; collation: string }

/** Where databases have the collation that nobody named, and nobody's name means another one afterwards. */
export function collationFindings(databases: readonly DatabaseCollation[], from: CollationTable, to: CollationTable): Finding[] {
  const usual = (characterSet: string, table: CollationTable): string => collationsOf(characterSet, table)[0] ?? '';
  const sets = [...new Set(databases.filter(({ characterSet, collation }) => collation === usual(characterSet, from)).map(({ characterSet }) => characterSet))].sort();
  return sets.flatMap((set): Finding[] => {
    const [before, after] = [usual(set, from), usual(set, to)];
    if (before === after) return [];
    return [{
      severity: 'WARNING', subject: set,
      message: `without a collation it means ${after} then, not ${before}. What is there keeps its own; to compare it with what is made so, name a collation, or set character_set_collations to ${set}=${before} in the configuration group`,
    }];
  });
}
