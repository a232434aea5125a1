/** What stands in the way of another build, by the names of the files with rows. Pure. */
import type { Finding, NamedBuild } from '../../../spi/guest.ts';

const error = (subject: string | null, message: string): Finding => ({ severity: 'ERROR', subject, message });

/** Its makers know no way back: what a later build made of the system's tables an earlier one need not understand. */
export function buildFindings(version: string, to: Pick<NamedBuild, 'version'>): Finding[] {
  if (to.version.localeCompare(version, 'en', { numeric: true }) >= 0) return [];
  return [error(null, `the data were last written by Cassandra ${version}, and ${to.version} is older: name a build that is not`)];
}

/** Null: no file of a table's rows. */
export interface TableFile { version: string; form: string }
export function parseFileName(name: string): TableFile | null {
  const [, version, form] = now.exec(name) ?? before22.exec(name) ?? [];
  return version === undefined ? null : { version, form: form ?? 'big' };
}
/** `nb-12-big-Data.db`, `da-3gx8_0m2s_1a2b3c-bti-Statistics.db`: version of the form, generation, form, part. */
const now = /^([a-z]{2})-\w+-([a-z]+)-\w+\.\w+$/;
/** `shop-orders-ka-12-Data.db` */
const before22 = /^\w+-\w+-([a-z]{2})-\d+-\w+\.\w+$/;

/**
 * As a start decides it, which ends at the first file that it does not read: forms of 3.0 to 4.1, in which 5.0 writes, too, as long as its
 * `storage_compatibility_mode` is left alone. https://cassandra.apache.org/doc/5.0/cassandra/managing/configuration/cass_yaml_file.html
 */
const oldest = 'ma';
const newestLetter = 'n';
export const isReadable = ({ version, form }: TableFile): boolean => form === 'big' && version >= oldest && version[0]! <= newestLetter;

export interface Table { keyspace: string; table: string; files: readonly TableFile[] }

export function formFindings(tables: readonly Table[], to: Pick<NamedBuild, 'version'>): Finding[] {
  return tables.flatMap(({ keyspace, table, files }) => {
    const unread = files.filter((file) => !isReadable(file));
    if (unread.length === 0) return [];
    const forms = [...new Set(unread.map(({ version, form }) => `${version} (${form})`))].sort().join(', ');
    return [error(`${keyspace}.${table}`, `its folder has files in the form ${forms}, at which Cassandra ${to.version} would not start. Take them out; if their rows are wanted, have a version that reads them write them anew (nodetool upgradesstables), and load those`)];
  });
}

/** `words`: the new build's about what it would be started with; null: it takes it all. `name`: of the group's value that they are about. */
export function settingFindings(words: string | null, name: string | null, to: Pick<NamedBuild, 'version'>): Finding[] {
  if (words === null) return [];
  const remedy = name === null ? 'It would not start: name another build' : 'Take the value out of the configuration group, or change it';
  return [error(name, `Cassandra ${to.version} does not take what it would be started with: ${words}. ${remedy}`)];
}
