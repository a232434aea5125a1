/** The installation's key: from the setting, else from a file that is made once and only this user may read. */
import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

export async function loadSecretKey(given: Buffer | null, path: string): Promise<Buffer> {
  if (given) return given;
  const found = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return null; throw error; });
  if (found !== null) return Buffer.from(found.trim(), 'base64');
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  // link fails where another process was first: then its key is ours
  await link(aside, path).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
  await rm(aside, { force: true });
  return Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
}
