import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A store of builds that tests of all parts share and keep, so that an engine is fetched once per machine. */
export const sharedRoot = process.env['COFFER_TEST_ENGINES'] ?? join(tmpdir(), 'coffer-engines');

/** A fresh directory that other users can reach, removed by `remove`. */
export async function createScratch(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-sources-'));
  await chmod(directory, 0o777);
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
