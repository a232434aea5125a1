import { createHash } from 'node:crypto';
import type { ArtefactSpec, EngineBuild, EnginePackage, EngineSourceSpec } from '../spi/engine-source.ts';
import { artefactRecipe } from './artefacts/artefact.ts';

/** What lies beside a build: the build as told to others, and what it takes to use it again or to make it again. */
export interface BuildRecord {
  format: 1;
  build: EngineBuild;
  /** fingerprint of the source it was made from; `operator` for a directory the operator named */
  recipe: string;
  spec: EngineSourceSpec;
  /** file names in the store of packages, in the order of `build.packages` */
  files: string[];
}

/** Raised when unpacking or relinking changes what ends up on disk, so that builds of the old way get another id. */
const layoutVersion = 1;
export const operatorRecipe = 'operator';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const fingerprint = (parts: readonly unknown[]): string => sha256(JSON.stringify(parts));
const sorted = (items: readonly string[] = []): string[] => [...items].toSorted();

/** SHA-256 over the sorted `name=version=sha256`, one per line. */
export const closureHash = (packages: readonly EnginePackage[]): string =>
  sha256(sorted(packages.map((p) => `${p.name}=${p.version}=${p.sha256}`)).join('\n'));

/** Two sources with the same fingerprint lead to the same build from the same packages; order of lists does not count. */
export function recipeOf(spec: EngineSourceSpec): string {
  switch (spec.kind) {
    case 'host': return fingerprint(['host', sorted(spec.binaries), sorted(spec.searchPaths)]);
    case 'archive': return fingerprint(['archive', layoutVersion, ...artefactParts(spec.artefacts), sorted(spec.removeFiles), spec.binDir]);
    case 'debian':
      return fingerprint(['debian', layoutVersion, spec.suite, sorted(spec.packages), sorted(spec.exclude), sorted(spec.removeFiles), spec.binDir, ...artefactParts(spec.artefacts)]);
  }
}

/** Nothing where there are none: what was built before sources could have artefacts stays what it is. */
const artefactParts = (artefacts: readonly ArtefactSpec[] = []): string[][] =>
  artefacts.length === 0 ? [] : [sorted(artefacts.map((one) => JSON.stringify(artefactRecipe(one))))];

/**
 * The id is a file name, so nothing but what is safe in one. Tracks that one source serves (8 and 8.1) have builds of their
 * own: which a track gets, and what an installation replaces, is decided by track.
 */
export const buildIdOf = ({ datastore, track }: Pick<EngineBuild, 'datastore' | 'track'>, version: string, closure: string, recipe: string): string =>
  `${datastore}-${version.replaceAll(/[^A-Za-z0-9.+~]/g, '_')}-${sha256(`${closure}\n${recipe}\n${track}`).slice(0, 8)}`;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The record in a file, or undefined when it is none of ours: a foreign or torn file never becomes a build. */
export function parseRecord(text: string): BuildRecord | undefined {
  let record: BuildRecord;
  try { record = JSON.parse(text) as BuildRecord; } catch { return undefined; }
  const build = record?.build;
  const complete = record?.format === 1 && isText(record.recipe) && record.spec !== undefined && Array.isArray(record.files)
    && [build?.id, build?.datastore, build?.track, build?.version, build?.prefix, build?.binDir, build?.closureHash, build?.installedAt].every(isText)
    && Array.isArray(build.packages);
  return complete ? record : undefined;
}
