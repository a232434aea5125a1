import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { readFileSync } from 'node:fs';

/** Exit code of a child that a signal ended, as shells count. */
const SIGNAL_BASE = 128;
/** A second signal within this time is the same one on another way (npm passes on what the terminal sent to all). */
const SAME_SIGNAL_MS = 1000;

/**
 * Becomes the program where this Node can (no process of ours stays, signals need no forwarding), else runs it as a
 * child. Does not return before the program has ended.
 *
 * @param {string} node
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<number>}
 */
export async function launch(node, args, cwd) {
  process.chdir(cwd);
  // Added in Node 22.15; experimental, which its warning says and nobody needs to read.
  const { execve } = /** @type {{ execve?: (file: string, args: string[], env: NodeJS.ProcessEnv) => never }} */ (process);
  if (execve) {
    process.removeAllListeners('warning');
    execve.call(process, node, [node, ...args], process.env);
  }
  return runChild(node, args);
}

/**
 * @param {string} node
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function runChild(node, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: 'inherit' });
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) forward(signal, child);
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ? SIGNAL_BASE + constants.signals[signal] : code || 0));
  });
}

/**
 * @param {NodeJS.Signals} signal
 * @param {import('node:child_process').ChildProcess} child
 */
function forward(signal, child) {
  let last = -Infinity;
  process.on(signal, () => {
    const isRepeat = Date.now() - last < SAME_SIGNAL_MS;
    last = Date.now();
    // Ctrl-C has reached the child already: the terminal sends it to the whole foreground group.
    const isFromTerminal = signal === 'SIGINT' && isForeground();
    if (!isRepeat && !isFromTerminal) child.kill(signal);
  });
}

/** Whether we are in the foreground group of a terminal (`man 5 proc`: pgrp and tpgid are fields 5 and 8 of stat). */
function isForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return Boolean(process.stdin.isTTY);
  }
}
