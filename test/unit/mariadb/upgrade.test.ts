import { describe, expect, it } from 'vitest';
import { collationsOfTrack } from '../../../strategies/datastores/mariadb/collations.ts';
import { collationFindings, programFindings, versionedFindings } from '../../../strategies/datastores/mariadb/guest/upgrade/findings.ts';
import { failureOf, leftBehind, unbuilt } from '../../../strategies/datastores/mariadb/guest/upgrade/words.ts';

describe('what a person should know beforehand', () => {
  const [from, to] = [collationsOfTrack('10.11'), collationsOfTrack('11.8')];
  const found = (...databases: [characterSet: string, collation: string][]) => collationFindings(databases.map(([characterSet, collation]) => ({ characterSet, collation })), from, to);

  it('a character set whose name alone means another collation, once, and how it stays as it was', () => {
    expect(found(['utf8mb4', 'utf8mb4_general_ci'], ['utf8mb4', 'utf8mb4_general_ci'])).toEqual([
      { severity: 'WARNING', subject: 'utf8mb4', message: expect.stringMatching(/utf8mb4_uca1400_ai_ci then, not utf8mb4_general_ci.*character_set_collations to utf8mb4=utf8mb4_general_ci/) as string },
    ]);
  });
  it('nothing where a collation was chosen, or means what it meant', () => {
    expect(found(['utf8mb4', 'utf8mb4_unicode_ci'], ['latin1', 'latin1_swedish_ci'])).toEqual([]);
  });
  it('tables with system versioning, with their size', () => {
    expect(versionedFindings([{ database: 'shop', name: 'prices', bytes: 3_000_000 }])).toEqual([{ severity: 'WARNING', subject: 'shop.prices', message: expect.stringMatching(/written anew.*3 MB/) as string }]);
  });
  it('a build without the program that brings data over is a veto', () => {
    expect(programFindings(false, '11.8.9')).toMatchObject([{ severity: 'ERROR', subject: 'mariadb-upgrade' }]);
    expect(programFindings(true, '11.8.9')).toEqual([]);
  });
});

describe('what mariadb-upgrade printed', () => {
  const broken = ['shop.broken', "Error    : Table 'shop.gone' doesn't exist", "Error    : View 'shop.broken' references invalid table(s) or column(s) or function(s) or definer/invoker of view lack rights to use them", 'error    : Corrupt'].join('\n');

  it('a table that it could not bring over, with the reason, though it ends well', () => {
    const output = [broken, 'Failed to ALTER TABLE `shop`.`prices` FORCE', 'Error: Lock wait timeout exceeded; try restarting transaction', 'shop.prices                    Needs upgrade with ALTER TABLE FORCE'].join('\n');
    expect(leftBehind(output)).toBe('Failed to ALTER TABLE `shop`.`prices` FORCE: Lock wait timeout exceeded; try restarting transaction');
  });
  it('of many such tables three', () => {
    expect(leftBehind('Failed to ALTER TABLE `a`.`b` FORCE\n'.repeat(5))?.split('; ')).toHaveLength(3);
  });
  it('what was broken before is no matter of the upgrade', () => {
    expect(leftBehind(`${broken}\nshop.old         Needs upgrade with ALTER TABLE FORCE\n`)).toBeNull();
  });
  it('a table that it passed over, by what the server says of it', () => {
    const rebuild = 'Table rebuild required. Please do "ALTER TABLE `名` FORCE" or dump/reload to fix it!';
    expect(unbuilt([{ table: 'shop.a', text: 'OK' }, { table: 'shop.名', text: rebuild }, { table: 'shop.old', text: "Unknown storage engine 'x'" }])).toBe(`shop.名: ${rebuild}`);
    expect(unbuilt([{ table: 'shop.a', text: 'OK' }])).toBeNull();
  });
  it('why it failed, or its last words', () => {
    const output = "Reading datadir from the MariaDB server failed. Got the following error when executing the 'mysql' command line client\nERROR 1045 (28000): Access denied for user 'x'@'localhost' (using password: NO)\nFATAL ERROR: Upgrade failed\n";
    expect(failureOf(output)).toBe("ERROR 1045 (28000): Access denied for user 'x'@'localhost' (using password: NO); FATAL ERROR: Upgrade failed");
    expect(failureOf("mariadb-check: Got error: 1049: Unknown database '?' when selecting the database\nFATAL ERROR: Upgrade failed\n")).toBe("mariadb-check: Got error: 1049: Unknown database '?' when selecting the database; FATAL ERROR: Upgrade failed");
    expect(failureOf('something\nelse entirely\n')).toBe('else entirely');
  });
});
