/** Which tables have files with rows, and in what form, as they lie there. Copies that people keep (snapshots, backups) are not read by a start. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseFileName, type Table, type TableFile } from './upgrade-findings.ts';

const kept = new Set(['snapshots', 'backups']);

export async function listTables(folder: string): Promise<Table[]> {
  const found: Table[] = [];
  for (const keyspace of await foldersIn(folder)) {
    // The name and the id of a table; an id is without dashes, and so are names.
    for (const name of await foldersIn(join(folder, keyspace))) found.push({ keyspace, table: name.replace(/-\w+$/, ''), files: await filesIn(join(folder, keyspace, name)) });
  }
  return found;
}

/** Those of its indexes lie in folders of their own. */
async function filesIn(folder: string): Promise<TableFile[]> {
  const own = (await entriesOf(folder)).filter((entry) => entry.isFile()).flatMap(({ name }) => parseFileName(name) ?? []);
  const below = await Promise.all((await foldersIn(folder)).filter((name) => !kept.has(name)).map((name) => filesIn(join(folder, name))));
  return [...own, ...below.flat()];
}

const foldersIn = async (folder: string): Promise<string[]> => (await entriesOf(folder)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
/** A table may be dropped meanwhile. */
const entriesOf = (folder: string) => readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return [];
  throw error;
});
