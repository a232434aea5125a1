// Two commands at once on a fresh clone must not install over each other.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './failure.mjs';

const POLL_MS = 300;
const WRITING_MS = 5000;

/**
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(root, work) {
  const file = join(root, '.bootstrap.lock');
  for (let isFirst = true; !tryAcquire(file); isFirst = false) {
    if (isFirst) say('Another command is preparing this checkout: waiting for it');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function tryAcquire(file) {
  if (create(file)) return true;
  const holder = read(file);
  // Its holder was killed. Looked at once more, so that a lock somebody took over meanwhile is not removed.
  if (!(holder === '' ? isFresh(file) : isAlive(holder)) && read(file) === holder) rmSync(file, { force: true });
  return create(file);
}

/** @param {string} file */
function create(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/**
 * Whether an empty lock is just being written, and not left by a holder that was killed in that very moment.
 *
 * @param {string} file
 */
function isFresh(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  return !stats || Date.now() - stats.mtimeMs < WRITING_MS;
}

/** @param {string} holder */
function isAlive(holder) {
  try {
    return process.kill(Number(holder), 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'; // somebody else's process, but alive
  }
}
