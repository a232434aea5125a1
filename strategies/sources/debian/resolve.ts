import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianSource } from '../../spi/engine-source.ts';
import { makeDirectory } from '../paths.ts';
import { EngineSourceError } from '../source-error.ts';
import { describeAptFailure } from './apt-failure.ts';
import type { AptWorkspace } from './apt-workspace.ts';
import { joinClosure, parsePrintUris, parseRecords } from './closure.ts';
import type { ClosurePackage } from './closure.ts';
import { renderStatus } from './placeholders.ts';

export type ClosureSpec = Pick<DebianSource, 'packages' | 'exclude'>;
export const installArguments = (spec: ClosureSpec): string[] => ['install', '-y', '--no-install-recommends', ...spec.packages];

/** The exact set apt would install for the spec, out of the workspace's lists; nothing is fetched. */
export async function resolveClosure(workspace: AptWorkspace, spec: ClosureSpec, signal: AbortSignal): Promise<ClosurePackage[]> {
  await writeFile(join(workspace.directory, 'status'), renderStatus(spec.exclude ?? [], spec.packages), { mode: 0o644 });
  // apt does not print what it finds in its cache, so the whole set is seen only with an empty one.
  const empty = join(workspace.directory, 'empty');
  await rm(empty, { recursive: true, force: true });
  await makeDirectory(join(empty, 'partial'));
  const plan = await workspace.apt('apt-get', [...installArguments(spec), '--print-uris'], { signal, options: [`Dir::Cache::archives=${empty}/`] });
  if (plan.code !== 0) fail(`${plan.stdout}\n${plan.stderr}`);
  const planned = parsePrintUris(plan.stdout);
  if (planned.length === 0) throw new EngineSourceError('bad-spec', `apt would install nothing for ${spec.packages.join(' ')}`);
  const shown = await workspace.apt('apt-cache', ['show', ...planned.map((p) => `${p.name}=${p.version}`)], { signal });
  if (shown.code !== 0) fail(`${shown.stdout}\n${shown.stderr}`);
  return joinClosure(planned, parseRecords(shown.stdout)).toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
}

function fail(output: string): never {
  const failure = describeAptFailure(output);
  throw new EngineSourceError(failure.reason, failure.message);
}
