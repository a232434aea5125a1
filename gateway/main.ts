/** A gateway process: settings from the environment, JSON lines to standard output, exit code 78 for what a person must mend. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { garbageCollector } from '../kernel/collect.ts';
import { isCofferError } from '../kernel/errors.ts';
import { homePaths } from '../kernel/home.ts';
import { releaseVersion } from '../kernel/release.ts';
import { locatePackages } from '../kernel/plugin-packages.ts';
import { loadSettings } from '../kernel/settings.ts';
import { keepCompileCache } from './compile-cache.ts';
import { startGateway } from './composition.ts';

const configurationExitCode = 78;
const stopTimeoutMs = 20_000;
/** Starting leaves 15 MiB of room for garbage; after a collection that somebody asked for, V8 gives it back. */
const trimMs = 5_000;

async function main(): Promise<void> {
  const loaded = loadSettings(process.env, { uid: process.getuid?.() ?? 0, userHome: process.env['HOME'] ?? '/nonexistent', machineName: hostname() });
  if ('problems' in loaded) return giveUp(loaded.problems.map((p) => p.message).join('\n'));
  const settings = { ...loaded.settings, plugins: locatePackages(loaded.settings.plugins, loaded.settings.home) };
  const paths = homePaths(settings.home);
  const storeUrl = settings.databaseUrl ?? (await readFile(paths.storeUrl, 'utf8').catch(() => '')).trim();
  if (storeUrl === '') return giveUp(`there is no store: set DATABASE_URL, or start Coffer with its host so that ${paths.storeUrl} exists`);
  const adminTokenHash = (await readFile(paths.adminTokenHash, 'utf8').catch(() => '')).trim() || null;
  const log = pino({ level: settings.logLevel, base: {} });
  const gateway = await startGateway({ settings, storeUrl, adminTokenHash, release: releaseVersion(), log });
  log.info({ url: gateway.url, roles: settings.roles }, 'the gateway listens');
  keepCompileCache(process.env['NODE_COMPILE_CACHE']).catch((error: Error) => log.debug({ reason: error.message }, 'compiled code could not be kept'));
  setTimeout(() => garbageCollector()(), trimMs).unref();
  let stopping = false;
  const stop = (exitCode = 0): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    gateway.stop().then(() => process.exit(exitCode), (error: unknown) => { log.error({ err: String(error) }, 'the gateway did not stop in order'); process.exit(1); });
  };
  process.on('SIGTERM', () => stop());
  process.on('SIGINT', () => stop());
  // Whoever supervises us starts us again: what was in the way (the store, a port) may be gone by then.
  void gateway.failed.then(() => stop(1));
}

function giveUp(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(configurationExitCode);
}

main().catch((error: unknown) => {
  if (isCofferError(error) && error.code !== 'STORE.UNAVAILABLE') giveUp(error.message);
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
