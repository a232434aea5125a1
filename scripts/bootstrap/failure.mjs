// What ends a command with one line instead of a stack trace.
import { statSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** An expected failure: its message says what to do. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {{ exitCode?: number }} [options]
   */
  constructor(message, options = {}) {
    super(message);
    this.exitCode = options.exitCode || 1;
  }
}

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Signals end a child with a number of its own; a shell reports it this way. */
export const INTERRUPTED = 130;

/**
 * Known causes in the output of npm, the generators and the bundler, most specific first.
 *
 * @type {[RegExp, string][]}
 */
const CAUSES = [
  [/ENOSPC|no space left on device/i, 'the disk is full: free some space (an installation takes 1.2 GB) and run it again'],
  [/EDQUOT/, "the user's disk quota is used up: free some space and run it again"],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network/,
    'the package registry cannot be reached: check the network, the proxy and `npm config get registry`, and run it again',
  ],
  [/EACCES|EPERM|EROFS|permission denied/, 'a file cannot be written: check who owns the checkout and its node_modules folder'],
  [/E401|E403/, 'the package registry refuses the login: check `npm config get registry` and its token'],
  [/EINTEGRITY/, 'a package differs from what package-lock.json promises: `npm cache clean --force`, and run it again'],
  [/EUSAGE|can only install packages when your package.json/, 'package.json and package-lock.json differ: run `npm install`'],
];

/**
 * One line about a failed step, from everything it printed.
 *
 * @param {string} output
 * @returns {string}
 */
export function explain(output) {
  const found = CAUSES.find(([pattern]) => pattern.test(output));
  if (found) return found[1];
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => /error|fail/i.test(line)) || lines.pop() || 'it printed nothing').trim();
}

/**
 * "alice", or the number when the system does not know the name.
 *
 * @param {string} path
 */
export function ownerOf(path) {
  const { uid } = statSync(path);
  return nameOf(uid);
}

export function currentUser() {
  try {
    return userInfo().username;
  } catch {
    return nameOf(process.getuid ? process.getuid() : 0);
  }
}

/** @param {number} uid */
function nameOf(uid) {
  try {
    const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((entry) => entry.split(':')[2] === String(uid));
    return line ? line.slice(0, line.indexOf(':')) : `user ${uid}`;
  } catch {
    return `user ${uid}`;
  }
}
