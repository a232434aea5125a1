import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { HomePaths } from '../kernel/home.ts';
import { type Owner, writeFileAtomically } from '../compute/files.ts';

/** Made once, kept by the person who starts Coffer; the gateway is given its hash alone. */
export async function ensureAdminToken(paths: HomePaths, gateway: Owner | null): Promise<void> {
  const known = (await readFile(paths.adminToken, 'utf8').catch(() => '')).trim();
  const token = known === '' ? `coffer_${randomBytes(32).toString('base64url')}` : known;
  if (known === '') await writeFileAtomically(paths.adminToken, `${token}\n`, { mode: 0o600 });
  const hash = createHash('sha256').update(token).digest('hex');
  await writeFileAtomically(paths.adminTokenHash, `${hash}\n`, { mode: 0o600, owner: gateway });
}
