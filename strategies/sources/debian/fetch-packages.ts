import { rm } from 'node:fs/promises';
import type { DebianSuite } from '../../spi/engine-source.ts';
import { requireSpace } from '../package-store.ts';
import type { Progress } from '../progress.ts';
import { EngineSourceError } from '../source-error.ts';
import { prepareWorkspace } from './apt-workspace.ts';
import type { ClosurePackage } from './closure.ts';
import { downloadClosure } from './download.ts';
import type { DebianOptions } from './options.ts';
import { resolveClosure } from './resolve.ts';
import type { ClosureSpec } from './resolve.ts';

export interface FetchRequest extends ClosureSpec {
  suite: DebianSuite;
  /** names the workspace; the caller holds a lock of the same scope */
  name: string;
  /** by lists that are fetched now, or not at all */
  refresh?: boolean;
  signal: AbortSignal;
  progress: Progress;
  /** room that is needed besides that of the packages */
  otherBytes?: number;
  /** decides after resolving whether the packages are needed at all */
  isWanted?(closure: readonly ClosurePackage[]): boolean;
}

/** Room for the packages, the tree, and programs that grow a little when they are relinked. */
export const neededBytes = (closure: readonly ClosurePackage[]): number =>
  Math.round(closure.reduce((sum, p) => sum + p.sizeBytes + p.installedBytes, 0) * 1.1);

/** Failures that lists up to an hour old can cause: they may name files that the archive has replaced since. */
const mayBeStale = (error: unknown): boolean =>
  error instanceof EngineSourceError && ['no-such-package', 'corrupt-package', 'apt-failed'].includes(error.reason);

type Outcome = { closure: ClosurePackage[] } | { error: unknown; wasRefreshed: boolean };

async function attempt(options: DebianOptions, request: FetchRequest, isForced: boolean): Promise<Outcome> {
  const { suite, name, refresh = false, signal, progress } = request;
  progress(0, `reading the package lists of ${suite}`);
  const { workspace, wasRefreshed } = await prepareWorkspace(options, { suite, name, isForced: isForced || refresh, isRequired: refresh, signal });
  try {
    const closure = await resolveClosure(workspace, request, signal);
    if (request.isWanted?.(closure) ?? true) {
      await requireSpace(options.root, neededBytes(closure) + (request.otherBytes ?? 0));
      await downloadClosure(options.root, workspace, request, closure, { signal, progress });
    }
    await rm(workspace.directory, { recursive: true, force: true });
    return { closure };
  } catch (error) { return { error, wasRefreshed }; }
}

/**
 * Resolves a set and brings all its packages into the store of packages. The workspace stays after a failure, for the
 * next attempt to continue its downloads.
 */
export async function fetchPackages(options: DebianOptions, request: FetchRequest): Promise<ClosurePackage[]> {
  let outcome = await attempt(options, request, false);
  if ('error' in outcome && !outcome.wasRefreshed && mayBeStale(outcome.error)) outcome = await attempt(options, request, true);
  if ('error' in outcome) throw outcome.error;
  return outcome.closure;
}
