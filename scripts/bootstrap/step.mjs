import { spawn } from 'node:child_process';

/** @typedef {{ code: number, signal: NodeJS.Signals | null, output: string }} StepResult */

/**
 * Runs one preparing step and keeps what it prints: shown only when it is of use. A Ctrl-C of the terminal reaches the
 * child by itself; a signal to us alone is passed on.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<StepResult>}
 */
export function runStep(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env || process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass).on('SIGHUP', pass);
    /** @param {StepResult} result */
    const end = (result) => {
      process.off('SIGINT', pass).off('SIGTERM', pass).off('SIGHUP', pass);
      resolve(result);
    };
    child.on('error', (error) => end({ code: 127, signal: null, output: String(error) }));
    child.on('close', (code, signal) => end({ code: code === null ? 1 : code, signal, output }));
  });
}
