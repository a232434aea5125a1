import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, packagesDirectory } from '../paths.ts';
import { describeDownload, megabytes, totalBytes } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { EngineSourceError } from '../source-error.ts';
import { describeAptFailure } from './apt-failure.ts';
import type { AptWorkspace } from './apt-workspace.ts';
import { upstreamVersion } from './closure.ts';
import type { ClosurePackage } from './closure.ts';
import { isKept, isWhole, keep, offer } from '../package-store.ts';
import { installArguments } from './resolve.ts';
import type { ClosureSpec } from './resolve.ts';

const pollMs = 250;
/** No byte for so long means that nobody sends any; apt itself gives up on a connection after 30 s, three times. */
const stallMs = 150_000;
const downloadTimeoutMs = 2 * 60 * 60 * 1000;

/** "libicu76 76.1" */
export const packageTitle = (p: Pick<ClosurePackage, 'name' | 'version'>): string => `${p.name} ${upstreamVersion(p.version)}`;

async function measure(archives: string): Promise<Map<string, number>> {
  const arrived = new Map<string, number>();
  for (const directory of [archives, join(archives, 'partial')]) {
    const names = await readdir(directory).catch(() => []);
    for (const name of names.filter((n) => n.endsWith('.deb'))) {
      const size = await stat(join(directory, name)).then((s) => s.size, () => 0);
      arrived.set(name, Math.max(arrived.get(name) ?? 0, size));
    }
  }
  return arrived;
}

/** Watches the files while apt works; the signal it answers fires when nothing arrives any more. */
function watchDownload(archives: string, missing: readonly ClosurePackage[], progress: Progress): { stalled: AbortSignal; stop(): void } {
  const stall = new AbortController();
  let [lastSum, lastChange] = [-1, Date.now()];
  const look = async (): Promise<void> => {
    const arrived = await measure(archives);
    const sum = [...arrived.values()].reduce((a, b) => a + b, 0);
    if (sum !== lastSum) [lastSum, lastChange] = [sum, Date.now()];
    if (Date.now() - lastChange > stallMs) stall.abort(new EngineSourceError('no-network', `nothing arrived from the Debian archive for ${stallMs / 1000} s`));
    const { fraction, message } = describeDownload(missing, arrived, packageTitle);
    progress(fraction, message);
  };
  const timer = setInterval(() => void look().catch((error: unknown) => stall.abort(error)), pollMs);
  return { stalled: stall.signal, stop: () => clearInterval(timer) };
}

export interface DownloadLimits { signal: AbortSignal; progress: Progress }

async function fetchMissing(workspace: AptWorkspace, spec: ClosureSpec, missing: readonly ClosurePackage[], limits: DownloadLimits): Promise<void> {
  const watcher = watchDownload(workspace.archives, missing, limits.progress);
  try {
    const signal = AbortSignal.any([limits.signal, watcher.stalled]);
    const result = await workspace.apt('apt-get', [...installArguments(spec), '-q', '--download-only'], { signal, timeoutMs: downloadTimeoutMs });
    if (result.code === 0) return;
    const failure = describeAptFailure(`${result.stdout}\n${result.stderr}`);
    throw new EngineSourceError(failure.reason, failure.message);
  } finally { watcher.stop(); }
}

/**
 * Every package of the set ends in the store of packages, checked against the signed index. What is kept is not
 * fetched twice, and what an attempt that was killed left half fetched in the workspace is continued.
 */
export async function downloadClosure(root: string, workspace: AptWorkspace, spec: ClosureSpec, closure: readonly ClosurePackage[], limits: DownloadLimits): Promise<void> {
  await makeDirectory(packagesDirectory(root));
  const inArchives = (item: ClosurePackage): string => join(workspace.archives, item.file);
  const missing: ClosurePackage[] = [];
  for (const item of closure) {
    if (await isKept(root, item, limits.signal)) { await offer(root, item, inArchives(item)); continue; }
    missing.push(item);
    // apt believes a file in its cache by its size alone, so one that an earlier attempt left is checked here.
    await isWhole(inArchives(item), item.sha256, limits.signal);
  }
  if (missing.length === 0) return;
  await fetchMissing(workspace, spec, missing, limits);
  for (const item of missing) {
    if (!await isWhole(inArchives(item), item.sha256, limits.signal)) {
      throw new EngineSourceError('corrupt-package', `${item.file} did not arrive with the checksum the archive signed`);
    }
    await keep(root, item, inArchives(item));
  }
  limits.progress(1, `downloaded ${missing.length} packages (${megabytes(totalBytes(missing))} MB)`);
}
