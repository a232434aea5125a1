import type { BuildPackage } from '../lay-out.ts';
import { EngineSourceError } from '../source-error.ts';

/**
 * A build as a file that can be carried to a host without network: a tar of `coffer-engine.json` and `sha256/<hash>`
 * for each package and artefact. A relinked tree is not movable, so the other host makes the build again from these.
 */
export interface EngineFile {
  format: 1;
  datastore: string;
  track: string;
  version: string;
  /** fingerprint of the source; the importing host's own plugin must name the same one */
  recipe: string;
  closureHash: string;
  packages: BuildPackage[];
  /** of the relinking tool, where the source needs it */
  tool: BuildPackage[];
}

export const descriptionName = 'coffer-engine.json';
export const maxDescriptionBytes = 4 * 1024 * 1024;
export const entryName = (sha256: string): string => `sha256/${sha256}`;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 300;

/** File names become paths in the store. */
function isPackage(value: unknown): value is BuildPackage {
  const { name, version, sha256, file } = (value ?? {}) as Partial<BuildPackage>;
  return isText(name) && isText(version) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)
    && typeof file === 'string' && /^[A-Za-z0-9][A-Za-z0-9._+%~-]{0,250}$/.test(file);
}

/** The description in a file that somebody brought: everything in it is checked before it is used. */
export function parseEngineFile(text: string): EngineFile {
  let value: Partial<EngineFile> | null = null;
  try { value = JSON.parse(text) as Partial<EngineFile> | null; } catch { /* told below */ }
  if (typeof value?.format === 'number' && value.format !== 1) throw new EngineSourceError('bad-spec', `it was written by a newer release (format ${String(value.format)})`);
  const isWhole = value?.format === 1 && [value.datastore, value.track, value.version, value.recipe, value.closureHash].every(isText)
    && [value.packages, value.tool].every((list) => Array.isArray(list) && list.length <= 5_000 && list.every(isPackage));
  if (!isWhole) throw new EngineSourceError('bad-spec', 'it is not a file that `engine export` wrote');
  return value as EngineFile;
}
