/**
 * Certificate, key and CA of the engine. A set lies in a folder of its own and `tls/current` is a link that is renamed
 * over: the engine finds either the old three or the new three, after a crash too.
 */
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsFiles } from '../../strategies/spi/guest.ts';
import { syncFolder } from '../state/atomic-file.ts';

export const tlsFiles = (folder: string): TlsFiles => ({
  certificate: join(folder, 'current', 'certificate.pem'), key: join(folder, 'current', 'key.pem'), ca: join(folder, 'current', 'ca.pem'),
});

export interface TlsContent { certificate: string; key: string; ca: string; /** by the agent's clock */ receivedMs: number }

/**
 * The set is made in `staging`, which only the agent may enter, and moved into place whole. `own` gives a path to the
 * engine. The set before stays until the next change: an engine may be reading it.
 */
export async function installTls(folder: string, staging: string, content: TlsContent, own: (path: string, mode: number) => Promise<void>): Promise<void> {
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  for (const [file, text] of [['certificate.pem', content.certificate], ['key.pem', content.key], ['ca.pem', content.ca], ['received', String(content.receivedMs)]] as const) {
    await writeFile(join(staging, file), text, { mode: 0o600, flush: true });
    await own(join(staging, file), 0o600);
  }
  await own(staging, 0o700);
  const sets = await setsIn(folder);
  const name = `set-${Math.max(0, ...sets.map((set) => Number(set.slice(4)))) + 1}`;
  await rename(staging, join(folder, name));
  const link = join(folder, 'next');
  await rm(link, { force: true });
  await symlink(name, link);
  await rename(link, join(folder, 'current'));
  await syncFolder(folder);
  for (const old of sets.slice(0, -1)) await rm(join(folder, old), { recursive: true, force: true });
}

export async function readTls(folder: string): Promise<TlsContent | undefined> {
  const files = tlsFiles(folder);
  try {
    const [certificate, key, ca, received] = await Promise.all([files.certificate, files.key, files.ca, join(folder, 'current', 'received')].map((path) => readFile(path, 'utf8')));
    return certificate && key && ca ? { certificate, key, ca, receivedMs: Number(received) } : undefined;
  } catch {
    return undefined;
  }
}

async function setsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^set-\d+$/.test(name));
  return names.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
}
