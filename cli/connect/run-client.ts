import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Failure } from '../failure.ts';

/** The terminal belongs to the client until it ends; its end is ours. */
export async function runClient(program: string, args: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  // Ctrl-C reaches the client by itself, and what it means is the client's affair.
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', () => {});
  process.on('SIGQUIT', () => {});
  const child = spawn(program, args, { stdio: 'inherit', env: environment });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Failure(`${program} cannot be run: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Nothing of ours is passed on to another program, least of all tokens. */
export const foreignEnvironment = (env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('COFFER_')));
