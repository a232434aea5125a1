import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The folders of an engine store below its root:
 *
 *     builds/<id>/       a build; `.partial-…` and `.pending-…` belong to an installation under way
 *     records/<id>.json  what every build was made of, also after its directory is gone
 *     packages/          packages and artefacts as they were fetched
 *     downloads/<track>/ artefacts half fetched by an installation under way
 *     tools/             the relinking tool, a prefix of its own
 *     apt/<suite>/       package lists; `apt/work-<track>/` belongs to an installation under way and holds its downloads
 *     locks/             one lock per track, per suite and per tool
 *
 * Everything but `builds`, `records` and `packages` may be removed while nothing is installing.
 */
export const buildsDirectory = (root: string): string => join(root, 'builds');
export const recordsDirectory = (root: string): string => join(root, 'records');
export const packagesDirectory = (root: string): string => join(root, 'packages');
export const downloadsDirectory = (root: string): string => join(root, 'downloads');
export const toolsDirectory = (root: string): string => join(root, 'tools');
export const aptDirectory = (root: string): string => join(root, 'apt');
export const locksDirectory = (root: string): string => join(root, 'locks');

/** Made with its mode set whatever the umask: other users run engines from here, and apt's own user writes below. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}
