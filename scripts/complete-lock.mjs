// Adds to package-lock.json the optional packages of other platforms that npm left out.
//
//     node scripts/complete-lock.mjs           after every `npm install` that changed the lock file
//     node scripts/complete-lock.mjs --check   fails when some are missing
//
// A registry mirror that carries one platform only makes npm write a lock file without the others, and `npm ci` then
// refuses that file on every machine ("Missing: … from lock file"). An entry with its version and platform is all
// `npm ci` needs to see that there is nothing to install.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ version: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} Entry
 * @typedef {Record<string, Entry>} Packages
 */

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
/** What a name says → what Node calls it. @type {Record<string, string>} */
const PROCESSORS = { arm: 'arm', armv7: 'arm', arm64: 'arm64', ia32: 'ia32', ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x', x64: 'x64' };

/**
 * The platform that packages with native code carry at the end of their name.
 *
 * @param {string} name
 * @returns {{ os: string[], cpu: string[] } | undefined}
 */
export function platformOf(name) {
  const words = name.split(/[-/]/);
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.map((word) => PROCESSORS[word]).find(Boolean);
  return system && processor ? { os: [system], cpu: [processor] } : undefined;
}

/**
 * @param {Packages} packages
 * @returns {[path: string, entry: Entry][]}
 */
export function missingEntries(packages) {
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isResolvable(packages, path, name))
      .map(([name, version]) => {
        const platform = platformOf(name);
        if (!platform) throw new Error(`package-lock.json lacks ${name}, and its name does not say its platform: run npm install`);
        return /** @type {[string, Entry]} */ ([
          `node_modules/${name}`,
          // in npm's order of keys, so that its next run changes nothing
          { version, cpu: platform.cpu, ...(entry.dev ? { dev: true } : {}), optional: true, os: platform.os },
        ]);
      }),
  );
}

/**
 * @param {Packages} packages
 * @param {string} from
 * @param {string} name
 */
function isResolvable(packages, from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    if (packages[join(folder === '.' ? '' : folder, 'node_modules', name)]) return true;
    if (folder === '.' || folder === '') return false;
  }
}

function main() {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingEntries(lock.packages);
  if (missing.length === 0) return;
  if (process.argv.includes('--check')) {
    const example = missing[0]?.[0];
    console.error(`package-lock.json lacks ${missing.length} packages (${example}, …): run node scripts/complete-lock.mjs`);
    process.exitCode = 1;
    return;
  }
  const { '': root, ...others } = { ...lock.packages, ...Object.fromEntries(missing) };
  const sorted = Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: { '': root, ...Object.fromEntries(sorted) } }, null, 2)}\n`);
  console.log(`added ${missing.length} packages of other platforms to package-lock.json`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
