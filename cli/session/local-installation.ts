/** The installation on this machine, used when nothing else is configured and its token may be read. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './config-file.ts';

export interface LocalInstallation { url: string; token: string; tokenPath: string }

const defaultPort = 8779;

/** Where installations live, likeliest first. */
export function homesToTry(env: Environment, userHome: string, uid: number): string[] {
  if (env['COFFER_HOME']) return [env['COFFER_HOME']];
  const own = join(userHome, '.local/share/coffer');
  return uid === 0 ? ['/var/lib/coffer', own] : [own, '/var/lib/coffer'];
}

export async function findLocalInstallation(env: Environment, userHome: string, uid: number): Promise<LocalInstallation | null> {
  for (const home of homesToTry(env, userHome, uid)) {
    const tokenPath = join(home, 'admin-token');
    const token = await readFile(tokenPath, 'utf8').catch(() => null);
    if (token !== null && token.trim() !== '') return { token: token.trim(), tokenPath, url: `http://127.0.0.1:${await portOf(home, env)}/graphql` };
  }
  return null;
}

/** The record of the running host tells its port; without one, what a start would take. */
async function portOf(home: string, env: Environment): Promise<number> {
  const record = await readFile(join(home, 'coffer.pid'), 'utf8').catch(() => '');
  return portInRecord(record) ?? (Number(env['COFFER_PORT']) || defaultPort);
}

export function portInRecord(text: string): number | null {
  try {
    const { port } = JSON.parse(text) as { port?: unknown };
    return Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536 ? (port as number) : null;
  } catch {
    return null;
  }
}
