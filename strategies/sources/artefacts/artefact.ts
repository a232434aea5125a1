import { posix } from 'node:path';
import type { ArtefactSpec, EnginePackage } from '../../spi/engine-source.ts';
import { EngineSourceError } from '../source-error.ts';

/** An artefact as the store knows it: what it is called, and under which name its file is kept. */
export interface Artefact extends EnginePackage {
  /** in the store of packages; begins with the checksum, because two repositories may call different files the same */
  file: string;
  sizeBytes: number;
  spec: ArtefactSpec;
}

/** What is compressed grows by about so much; programs in a wheel were measured at three times their download. */
const unpackedFactor = 4;
const checksumDigits = 12;

export const fileNameOf = (spec: ArtefactSpec): string =>
  spec.kind === 'wheel' ? spec.file : posix.basename(spec.kind === 'maven' ? spec.path : new URL(spec.url).pathname);

/** A path below a prefix: relative, and never out of it. */
export const isInsidePath = (path: string): boolean =>
  path.length <= 500 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\0\n\\]/.test(part));

/** `org/example/thing/1.0/thing-1.0-linux.jar` is org.example:thing:linux in version 1.0. */
function mavenCoordinates(path: string): { name: string; version: string } | undefined {
  const parts = path.split('/');
  const [version = '', artefact = ''] = [parts.at(-2), parts.at(-3)];
  const file = parts.at(-1) ?? '';
  if (parts.length < 4 || !file.startsWith(`${artefact}-${version}`)) return undefined;
  const classifier = /^-(.+?)\.[^.]+$/.exec(file.slice(`${artefact}-${version}`.length))?.[1];
  return { name: [parts.slice(0, -3).join('.'), artefact, ...(classifier ? [classifier] : [])].join(':'), version };
}

function problemOf(spec: ArtefactSpec): string | undefined {
  if (!/^[0-9a-f]{64}$/.test(spec.sha256)) return 'its SHA-256 is not 64 lower-case hexadecimal digits';
  if (!Number.isSafeInteger(spec.sizeBytes) || spec.sizeBytes <= 0) return 'its size is not a positive number of bytes';
  const targets = spec.kind === 'wheel' ? Object.values(spec.programs) : [spec.into];
  const outside = targets.find((target) => !isInsidePath(target));
  if (outside !== undefined) return `"${outside}" is not a path below the prefix`;
  if (spec.kind === 'archive' && !/^https?:$/.test(URL.parse(spec.url)?.protocol ?? '')) return 'its address is not an http or https URL';
  if (spec.kind === 'maven' && !(isInsidePath(spec.path) && mavenCoordinates(spec.path))) return 'its path is not one of a Maven repository';
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,180}$/.test(fileNameOf(spec))) return 'its file name has characters that are not safe in one';
  return undefined;
}

const titleOf = (spec: ArtefactSpec): string => (spec.kind === 'maven' ? spec.path : spec.kind === 'wheel' ? spec.file : spec.url);

function coordinatesOf(spec: ArtefactSpec): { name: string; version: string } {
  if (spec.kind === 'maven') return mavenCoordinates(spec.path) ?? { name: spec.path, version: '' };
  return { name: spec.kind === 'wheel' ? spec.project : spec.name, version: spec.version };
}

/** The artefacts of a source. What its plugin says of them becomes parts of paths and addresses, so all of it is checked. */
export function readArtefacts(specs: readonly ArtefactSpec[] = []): Artefact[] {
  return specs.map((spec) => {
    const problem = problemOf(spec);
    if (problem !== undefined) throw new EngineSourceError('bad-spec', `the plugin's artefact ${titleOf(spec)} cannot be used: ${problem}`);
    const { sha256, sizeBytes } = spec;
    return { ...coordinatesOf(spec), sha256, sizeBytes, file: `${sha256.slice(0, checksumDigits)}-${fileNameOf(spec)}`, spec };
  });
}

/** Each file once: a source may lay one into two places. */
export const distinctFiles = (artefacts: readonly Artefact[]): Artefact[] => [...new Map(artefacts.map((one) => [one.file, one])).values()];

/** Room for the files as they are kept and for what is laid out of them. */
export const artefactBytes = (artefacts: readonly Artefact[]): number =>
  artefacts.reduce((sum, a) => sum + a.sizeBytes * (1 + (a.spec.kind === 'maven' ? 1 : unpackedFactor)), 0);

/** What of an artefact decides how a build looks on disk. Where the file comes from does not. */
export function artefactRecipe(spec: ArtefactSpec): unknown[] {
  switch (spec.kind) {
    case 'maven': return ['maven', spec.sha256, fileNameOf(spec), spec.into];
    case 'wheel': return ['wheel', spec.sha256, Object.entries(spec.programs).toSorted(([a], [b]) => (a < b ? -1 : 1))];
    case 'archive': return ['archive', spec.sha256, spec.format, spec.strip, spec.into];
  }
}
