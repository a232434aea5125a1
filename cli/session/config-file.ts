/** `$XDG_CONFIG_HOME/coffer/config.json`, for its owner's eyes: it holds tokens. */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { usageFailure } from '../failure.ts';

export interface Context { url: string; token: string; project?: string }
export interface Config { current: string | null; contexts: Record<string, Context> }
export type Environment = Readonly<Record<string, string | undefined>>;

export const configPath = (env: Environment, userHome: string): string => join(env['XDG_CONFIG_HOME'] || join(userHome, '.config'), 'coffer', 'config.json');

export async function readConfig(path: string): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw usageFailure(`${path} cannot be read: ${error.message}`);
  });
  return text === null ? { current: null, contexts: {} } : parseConfig(text, path);
}

export function parseConfig(text: string, path: string): Config {
  const broken = (): never => { throw usageFailure(`${path} is not a configuration of this program`, 'Repair it, or remove it and log in again: coffer login'); };
  let value: unknown;
  try { value = JSON.parse(text); } catch { return broken(); }
  if (!isRecord(value) || !isRecord(value['contexts'])) return broken();
  const contexts: Record<string, Context> = {};
  for (const [name, one] of Object.entries(value['contexts'])) {
    if (!isRecord(one) || typeof one['url'] !== 'string' || typeof one['token'] !== 'string') return broken();
    contexts[name] = { url: one['url'], token: one['token'], ...(typeof one['project'] === 'string' ? { project: one['project'] } : {}) };
  }
  const { current } = value;
  return { current: typeof current === 'string' && Object.hasOwn(contexts, current) ? current : null, contexts };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Written aside and renamed: never half a file, never readable for others, not even for a moment. */
export async function writeConfig(path: string, config: Config): Promise<void> {
  const folder = dirname(path);
  const aside = `${path}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(aside, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await chmod(aside, 0o600);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw usageFailure(`${path} cannot be written: ${(error as Error).message}`, 'Set XDG_CONFIG_HOME to a folder of yours, or use COFFER_URL and COFFER_TOKEN');
  }
}

const contextName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export function requireContextName(name: string): string {
  if (contextName.test(name)) return name;
  throw usageFailure(`"${name}" cannot be the name of a context`, 'Use letters, digits, dots, dashes and underscores');
}
