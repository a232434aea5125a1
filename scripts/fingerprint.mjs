// One hash over files, and the stamps that say "made from these": shared by the bootstrap (which runs on an old Node
// without dependencies, hence JavaScript), the code generation and the build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Made by us or by npm; never an input. Folders whose name starts with a dot are left out too. */
const NOT_SOURCES = new Set(['node_modules', 'generated', 'dist', 'coverage']);

/**
 * Hash over names and contents of `paths` (files, or folders with everything below), sorted, relative to `root`.
 * What does not exist counts as absent, so that its appearance changes the hash.
 *
 * @param {string} root
 * @param {string[]} paths
 * @returns {string}
 */
export function fingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      const content = readFileSync(file);
      hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/**
 * @param {string} path
 * @returns {string[]}
 */
export function filesBelow(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !NOT_SOURCES.has(entry.name) && !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() || entry.isFile() ? filesBelow(join(path, entry.name)) : []));
}

/**
 * @param {string} stamp
 * @returns {string | undefined}
 */
export function readStamp(stamp) {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined;
}

/**
 * Written last: what was interrupted half way has none and is made again.
 *
 * @param {string} stamp
 * @param {string} value
 */
export function writeStamp(stamp, value) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${value}\n`);
}
