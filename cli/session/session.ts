/** What a command works with. Nothing is read or opened before a command asks for it. */
import { homedir } from 'node:os';
import { readFile } from 'node:fs/promises';
import { type Client, createClient } from '../api/client.ts';
import type { GlobalOptions } from '../command/globals.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { Terminal } from '../output/terminal.ts';
import { configPath, type Environment, readConfig } from './config-file.ts';
import { decideTarget, type Target } from './decide-target.ts';
import { findLocalInstallation } from './local-installation.ts';

export interface Session {
  terminal: Terminal;
  env: Environment;
  options: GlobalOptions;
  /** `--json` */
  isJson: boolean;
  configPath: string;
  signal: AbortSignal;
  target(): Promise<Target>;
  client(): Promise<Client>;
  /** Against another address or token than the session's: `coffer login` tries what it was given. */
  clientFor(url: string, token: string): Client;
}

export interface SessionOptions { terminal: Terminal; env: Environment; options: GlobalOptions; signal: AbortSignal }

export function createSession({ terminal, env, options, signal: ending }: SessionOptions): Session {
  const path = configPath(env, homedir());
  const signal = options.timeout === undefined ? ending : AbortSignal.any([ending, deadline(options.timeout)]);
  const trace = options.debug ? (line: string) => terminal.note(`debug: ${line}`) : () => {};
  let target: Promise<Target> | undefined;

  async function findTarget(): Promise<Target> {
    const [config, fileToken, local] = await Promise.all([
      readConfig(path), options.tokenFile ? readTokenFile(options.tokenFile) : null, findLocalInstallation(env, homedir(), process.getuid?.() ?? 0),
    ]);
    const found = decideTarget({ options, fileToken, env, config, local });
    trace(`${found.url} (from ${found.urlFrom}), token from ${found.tokenFrom}`);
    return found;
  }
  const session: Session = {
    terminal, env, options, isJson: options.json === true, configPath: path, signal,
    target: () => (target ??= findTarget()),
    clientFor: (url, token) => createClient({ url, token, signal, trace }),
    async client() {
      const { url, token } = await session.target();
      return session.clientFor(url, token);
    },
  };
  return session;
}

function deadline(ms: number): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Failure(`${ms / 1000} s have passed`, { code: 'CLIENT.TIMEOUT', remedy: 'Give a longer --timeout; what was accepted goes on' })), ms);
  timer.unref();
  return controller.signal;
}

export async function readTokenFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: Error) => { throw usageFailure(`the token file cannot be read: ${error.message}`); });
  return requireToken(text, path);
}

/** A header cannot carry anything else, and a pasted prompt or path shows itself here. */
export function requireToken(text: string, from: string): string {
  const token = text.trim();
  if (token === '') throw usageFailure(`${from} holds no token`);
  if (!/^[\x21-\x7e]+$/.test(token)) throw usageFailure(`what ${from} holds is not a token: it has spaces or other characters in it`);
  return token;
}
