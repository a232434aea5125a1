/** Packages as strangers get them: packed, installed elsewhere, without a registry. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './installation.ts';

const run = promisify(execFile);
const timeoutMs = 120_000;
/** Nothing of the caller's npm, and nothing from the network. */
const environment = (cache: string): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: cache, npm_config_cache: cache, npm_config_offline: 'true', npm_config_update_notifier: 'false' });

/** What is generated and stale is made again, as `npm start` does. */
export async function generatePackages(): Promise<void> {
  await run(process.execPath, [join(ROOT, 'codegen.ts')], { cwd: ROOT, timeout: timeoutMs });
}

/** Tarballs of folders, in `into`. */
export async function pack(folders: readonly string[], into: string): Promise<string[]> {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', into, ...folders], { cwd: ROOT, env: environment(into), timeout: timeoutMs });
  return (await readdir(into)).filter((name) => name.endsWith('.tgz')).map((name) => join(into, name));
}

/** Into `<prefix>/node_modules`. */
export async function install(tarballs: readonly string[], prefix: string, cache: string): Promise<void> {
  await run('npm', ['install', '--prefix', prefix, '--omit=dev', '--no-audit', '--no-fund', ...tarballs], { cwd: prefix, env: environment(cache), timeout: timeoutMs });
}
