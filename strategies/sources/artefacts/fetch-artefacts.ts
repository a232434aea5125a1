import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isKept, keep } from '../package-store.ts';
import { downloadsDirectory, makeDirectory, packagesDirectory } from '../paths.ts';
import { forEachParallel } from '../parallel.ts';
import { describeDownload, megabytes, totalBytes } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { EngineSourceError } from '../source-error.ts';
import { distinctFiles, fileNameOf } from './artefact.ts';
import type { Artefact } from './artefact.ts';
import { downloadFile } from './download-file.ts';
import type { RepositorySettings } from './find-repository.ts';
import { createHttpClient } from './http-get.ts';
import type { HttpClient } from './http-get.ts';
import { createLocator } from './locate.ts';

/** A repository of many small files answers best to several at once, and minds more than these. */
const connections = 6;
const pollMs = 250;

export interface ArtefactOptions {
  /** real path of the engine store */
  root: string;
  repositories?: RepositorySettings | undefined;
}
export interface ArtefactLimits {
  /** names the directory of what is half fetched; the caller holds a lock of the same scope */
  name: string;
  signal: AbortSignal;
  progress: Progress;
}

const nameOf = ({ spec }: Artefact): string => fileNameOf(spec);

/** Says which file, from where, and which setting names another place. */
function explain(error: unknown, artefact: Artefact, from: { url: string; namedBy: string; setting?: string }): unknown {
  if (!(error instanceof EngineSourceError) || error.advice !== undefined) return error;
  const { origin, pathname } = new URL(from.url);
  const mirror = from.setting === undefined ? '' : `, or name a mirror in ${from.setting}`;
  const advice = error.reason === 'no-network' ? `Check the network and https_proxy${mirror}.` : `Try again${mirror}.`;
  return new EngineSourceError(error.reason, `${nameOf(artefact)} could not be fetched from ${origin}${pathname} (${from.namedBy}): ${error.message}`, { remedy: advice, cause: error });
}

async function fetchAll(client: HttpClient, options: ArtefactOptions, missing: readonly Artefact[], limits: ArtefactLimits): Promise<void> {
  const directory = join(downloadsDirectory(options.root), limits.name);
  for (const path of [packagesDirectory(options.root), downloadsDirectory(options.root), directory]) await makeDirectory(path);
  const locate = createLocator(client, options.repositories ?? {});
  const arrived = new Map<string, number>();
  const tell = (): void => { const { fraction, message } = describeDownload(missing, arrived, nameOf); limits.progress(fraction, message); };
  const timer = setInterval(tell, pollMs);
  try {
    await forEachParallel(missing, limits.signal, async (artefact, signal) => {
      const from = await locate(artefact.spec, signal);
      const path = join(directory, artefact.file);
      const onBytes = (count: number): void => { arrived.set(artefact.file, count); };
      try { await downloadFile(client, { ...artefact, ...from, path, onBytes, signal }); } catch (error) { throw explain(error, artefact, from); }
      onBytes(artefact.sizeBytes);
      await keep(options.root, artefact, path);
    }, connections);
  } finally { clearInterval(timer); }
  await rm(directory, { recursive: true, force: true });
}

/**
 * Every artefact ends in the store of packages, verified. What is kept is not fetched twice; what an attempt that failed
 * or was killed left half fetched is continued.
 */
export async function fetchArtefacts(options: ArtefactOptions, artefacts: readonly Artefact[], limits: ArtefactLimits): Promise<void> {
  const missing: Artefact[] = [];
  for (const artefact of distinctFiles(artefacts)) {
    if (!await isKept(options.root, artefact, limits.signal)) missing.push(artefact);
  }
  if (missing.length === 0) return;
  const client = createHttpClient(connections);
  try { await fetchAll(client, options, missing, limits); } finally { client.close(); }
  limits.progress(1, `downloaded ${missing.length} files (${megabytes(totalBytes(missing))} MB)`);
}
