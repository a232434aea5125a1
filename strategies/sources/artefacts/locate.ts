import type { ArtefactSpec, WheelArtefact } from '../../spi/engine-source.ts';
import { EngineSourceError } from '../source-error.ts';
import { describeStatus } from './download-file.ts';
import { findMavenRepository, findPythonIndex } from './find-repository.ts';
import type { RepositorySettings } from './find-repository.ts';
import { readText } from './http-get.ts';
import type { HttpClient } from './http-get.ts';
import { findInIndex, indexAccept, normalisedProject } from './python-index.ts';
import type { Repository } from './repository.ts';

export interface Location { url: string; authorization?: string | undefined; namedBy: string; setting?: string }

/** A page of a project with thousands of releases has some megabytes. */
const maxPageBytes = 32 * 1024 * 1024;
const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** Failures of the index itself, said like those of a file. */
function notFound({ file }: WheelArtefact, index: Repository, reason: EngineSourceError['reason'], why: string, cause?: unknown): EngineSourceError {
  return new EngineSourceError(reason, `${file} could not be found in the package index ${index.url} (${index.namedBy}): ${why}`,
    { remedy: `Check the network and https_proxy, or name another index in ${index.setting}.`, cause });
}

async function locateWheel(client: HttpClient, index: Repository, wheel: WheelArtefact, signal: AbortSignal): Promise<Location> {
  const address = `${index.url}/${encodeURIComponent(normalisedProject(wheel.project))}/`;
  let page: { text: string; contentType: string; url: string };
  try {
    const { status, url, response } = await client.get({ url: address, authorization: index.authorization, headers: { accept: indexAccept }, signal });
    if (status !== 200) {
      response.destroy();
      const { reason, message } = describeStatus(status);
      throw notFound(wheel, index, reason, message);
    }
    page = { text: await readText(response, maxPageBytes), contentType: response.headers['content-type'] ?? '', url };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof EngineSourceError ? error : notFound(wheel, index, 'no-network', (error as Error).message, error);
  }
  const url = findInIndex(page, wheel.file);
  if (url === undefined) throw notFound(wheel, index, 'no-such-package', `it does not list the file for ${wheel.project}`);
  const isOwn = new URL(url).origin === new URL(index.url).origin;
  return { url, namedBy: index.namedBy, setting: index.setting, authorization: isOwn ? index.authorization : undefined };
}

/** Tells where an artefact is to be had; the host's configuration is read once. */
export function createLocator(client: HttpClient, settings: RepositorySettings): (spec: ArtefactSpec, signal: AbortSignal) => Promise<Location> {
  let maven: Promise<Repository> | undefined;
  let python: Promise<Repository> | undefined;
  return async (spec, signal) => {
    if (spec.kind === 'archive') return { url: spec.url, namedBy: 'named by the plugin' };
    if (spec.kind === 'wheel') return await locateWheel(client, await (python ??= findPythonIndex(settings)), spec, signal);
    const { url, ...repository } = await (maven ??= findMavenRepository(settings));
    return { url: `${url}/${encoded(spec.path)}`, ...repository };
  };
}
