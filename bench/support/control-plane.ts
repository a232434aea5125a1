/**
 * An installation as `npm start` makes it, with nothing but the API: no worker takes up what a bench has accepted. The
 * store is the embedded one with its own settings, and open to the bench.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { homePaths } from '../../kernel/home.ts';
import { type Installation, startInstallation } from '../../test/support/installation.ts';

export interface ControlPlane {
  coffer: Installation;
  storeUrl: string;
  /** a connection of the bench's own to the store */
  db: pg.Client;
  storeLog: string;
  remove(): Promise<void>;
}

export async function startControlPlane(env: Record<string, string> = {}): Promise<ControlPlane> {
  const coffer = await startInstallation({ env: { COFFER_ROLES: 'api', COFFER_ENGINE_PORTS: '22000-32000', COFFER_LOG_LEVEL: 'warn', ...env } });
  const paths = homePaths(coffer.home);
  const storeUrl = (await readFile(paths.storeUrl, 'utf8')).trim();
  const db = new pg.Client({ connectionString: storeUrl });
  await db.connect();
  return {
    coffer, storeUrl, db, storeLog: join(paths.logs, 'store.log'),
    async remove() {
      await db.end();
      await coffer.remove();
    },
  };
}
