import { spawn } from 'node:child_process';

/** @typedef {{ code: number, isInterrupted: boolean, output: string }} StepResult */

/**
 * Runs one preparing step and keeps what it prints: shown only when it is of use. What asks us to end ends the step.
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
    let isInterrupted = false;
    const pass = (/** @type {NodeJS.Signals} */ signal) => {
      isInterrupted = true;
      child.kill(signal); // twice after a Ctrl-C, which the terminal sends to both; a step has nothing to lose by it
    };
    process.on('SIGINT', pass).on('SIGTERM', pass).on('SIGHUP', pass);
    /** @param {StepResult} result */
    const end = (result) => {
      process.off('SIGINT', pass).off('SIGTERM', pass).off('SIGHUP', pass);
      resolve(result);
    };
    child.on('error', (error) => end({ code: 127, isInterrupted, output: String(error) }));
    child.on('close', (code) => end({ code: code === null ? 1 : code, isInterrupted, output }));
  });
}
