import { copyFile, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianSuite } from '../../spi/engine-source.ts';
import { withLock } from '../install-lock.ts';
import { aptDirectory, locksDirectory, makeDirectory } from '../paths.ts';
import { runCommand } from '../run-command.ts';
import type { CommandResult } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { renderSourcesList } from './apt-archive.ts';
import { isSafeAptPath, renderAptConfig } from './apt-config.ts';
import { describeAptFailure } from './apt-failure.ts';
import { chooseSandboxUser, readHostApt } from './host-apt.ts';
import type { DebianOptions } from './options.ts';

/** Lists older than this are fetched anew before a set is resolved: 20 MB a suite, so not each time. */
const listsMaxAgeMs = 60 * 60 * 1000;
const updateTimeoutMs = 10 * 60 * 1000;
const queryTimeoutMs = 60_000;

export interface AptCall { signal: AbortSignal; timeoutMs?: number; options?: readonly string[] }

/** A private apt: everything it reads and writes lies below `directory`. */
export interface AptWorkspace {
  directory: string;
  archives: string;
  apt(command: 'apt-get' | 'apt-cache', args: readonly string[], call: AptCall): Promise<CommandResult>;
}

async function openWorkspace(options: DebianOptions, directory: string, acquire: readonly string[]): Promise<AptWorkspace> {
  if (!isSafeAptPath(directory)) throw new EngineSourceError('bad-spec', `apt cannot work in ${directory}: quotes and semicolons in the path`);
  const under = (name: string): string => join(directory, name);
  const paths = {
    state: under('state'), lists: under('lists'), status: under('status'), cache: under('cache'), archives: under('archives'), sourcesList: under('sources.list'),
  };
  for (const path of [directory, paths.state, paths.lists, paths.cache, paths.archives]) await makeDirectory(path);
  for (const path of [paths.lists, paths.archives]) await mkdir(join(path, 'partial'), { recursive: true });
  await writeFile(paths.status, '', { flag: 'a' });
  const config = under('apt.conf');
  // A proxy's password may be in it.
  await writeFile(config, renderAptConfig(paths, acquire, await chooseSandboxUser(options.root)), { mode: 0o600 });
  const env = { APT_CONFIG: config, DEBIAN_FRONTEND: 'noninteractive' };
  return {
    directory, archives: paths.archives,
    apt: async (command, args, { signal, timeoutMs = queryTimeoutMs, options: extra = [] }) =>
      await runCommand({ command, args: [...extra.flatMap((option) => ['-o', option]), ...args], env, signal, timeoutMs }),
  };
}

interface Refresh extends Pick<WorkspaceRequest, 'isForced' | 'isRequired' | 'signal'> { sources: string }

/** Fetches the suite's lists when they are missing, old or of another mirror. True when they were fetched now. */
async function refreshLists(options: DebianOptions, suite: AptWorkspace, refresh: Refresh): Promise<boolean> {
  const stamp = join(suite.directory, 'updated');
  const seen = await readFile(stamp, 'utf8').catch(() => undefined);
  const ageMs = await stat(stamp).then((s) => Date.now() - s.mtimeMs, () => Infinity);
  if (!refresh.isForced && seen === refresh.sources && ageMs >= 0 && ageMs < listsMaxAgeMs) return false;
  await writeFile(join(suite.directory, 'sources.list'), refresh.sources, { mode: 0o644 });
  // The parsed form of the lists is as large as four times the lists and of no use here.
  const noParsedForm = ['Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache='];
  const result = await suite.apt('apt-get', ['update', '-q'], { signal: refresh.signal, timeoutMs: updateTimeoutMs, options: noParsedForm });
  const output = `${result.stdout}\n${result.stderr}`;
  if (result.code === 0 && !/^(W|E): .*(Failed to fetch|signature)/m.test(output)) {
    await writeFile(stamp, refresh.sources, { mode: 0o644 });
    return true;
  }
  const failure = describeAptFailure(output);
  // Lists verified earlier are as good as they were; only an archive that is away is a reason to live with them.
  if (refresh.isRequired || failure.reason !== 'no-network' || seen !== refresh.sources) throw new EngineSourceError(failure.reason, failure.message);
  options.log.warn({ reason: failure.message }, 'package lists could not be refreshed, the earlier ones are used');
  return false;
}

/** Hard links: apt replaces list files by rename, so a snapshot stays whole while another process updates the suite. */
async function snapshotLists(from: string, to: string): Promise<void> {
  for (const name of await readdir(to)) {
    if (name !== 'partial' && name !== 'lock') await rm(join(to, name), { recursive: true, force: true });
  }
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'lock') continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    await link(source, target).catch(() => copyFile(source, target));
  }
}

export interface WorkspaceRequest {
  suite: DebianSuite;
  /** unique per track, whose lock the caller holds */
  name: string;
  /** fetch the lists even if they are young */
  isForced: boolean;
  /** what was fetched earlier will not do, also while the archive is away */
  isRequired: boolean;
  signal: AbortSignal;
}

/**
 * A workspace for one installation with the suite's lists in it. The suite's own directory is shared under its own
 * lock, held only while its lists are touched: tracks install side by side.
 */
export async function prepareWorkspace(options: DebianOptions, request: WorkspaceRequest): Promise<{ workspace: AptWorkspace; wasRefreshed: boolean }> {
  const { suite: name, isForced, isRequired, signal } = request;
  const host = await readHostApt(options.keyring, signal);
  const sources = renderSourcesList(host.archives, name, host.keyring);
  if (name !== 'sid' && host.archives.security === undefined) options.log.warn({ suite: name }, "apt's configuration names no security archive; packages may lack fixes");
  const base = aptDirectory(options.root);
  await makeDirectory(base);
  const workspace = await openWorkspace(options, join(base, `work-${request.name}`), host.acquire);
  await writeFile(join(workspace.directory, 'sources.list'), sources, { mode: 0o644 });
  const wasRefreshed = await withLock({ directory: locksDirectory(options.root), name: `lists-${name}`, signal }, async () => {
    const suite = await openWorkspace(options, join(base, name), host.acquire);
    const isNew = await refreshLists(options, suite, { sources, isForced, isRequired, signal });
    await snapshotLists(join(suite.directory, 'lists'), join(workspace.directory, 'lists'));
    return isNew;
  });
  return { workspace, wasRefreshed };
}
