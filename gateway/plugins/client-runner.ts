/** Runs a plugin's client half in a short-lived process: the request (with its one-shot login) goes over stdin only. */
import { spawn } from 'node:child_process';
import { CofferError } from '../../kernel/errors.ts';
import type { ClientTarget } from '../../strategies/spi/client.ts';

export interface ClientRunner {
  verify(datastore: string, target: ClientTarget, signal: AbortSignal): Promise<{ version: string }>;
  verifyRefusal(datastore: string, target: Omit<ClientTarget, 'user' | 'password'>, signal: AbortSignal): Promise<void>;
}
export type ClientRequest =
  | { datastore: string; action: 'verify'; target: ClientTarget }
  | { datastore: string; action: 'verifyRefusal'; target: Omit<ClientTarget, 'user' | 'password'> };
export type ClientAnswer = { ok: true; version: string | null } | { ok: false; message: string };

const maxAnswerBytes = 64 * 1024;

/** `packagesOf`: what the process of a datastore is to import, at most its own plugin; undefined when there is none. */
export interface ClientRunnerOptions { node: string; entry: string; packagesOf(datastore: string): readonly string[] | undefined }

export function createClientRunner(options: ClientRunnerOptions): ClientRunner {
  const ask = async (request: ClientRequest, signal: AbortSignal): Promise<string | null> => {
    const answer = await runClient(options, request, signal);
    if (!answer.ok) throw new CofferError('ENGINE.UNAVAILABLE', `connecting as a user would failed: ${answer.message}`);
    return answer.version;
  };
  return {
    verify: async (datastore, target, signal) => ({ version: (await ask({ datastore, action: 'verify', target }, signal)) ?? 'unknown' }),
    verifyRefusal: async (datastore, target, signal) => { await ask({ datastore, action: 'verifyRefusal', target }, signal); },
  };
}

function runClient(options: ClientRunnerOptions, request: ClientRequest, signal: AbortSignal): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const env = { COFFER_PLUGINS: (options.packagesOf(request.datastore) ?? []).join(',') };
    const child = spawn(options.node, [options.entry], { stdio: ['pipe', 'pipe', 'ignore'], env, signal, killSignal: 'SIGKILL' });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => { if (text.length < maxAnswerBytes) text += chunk; });
    child.on('error', reject);
    child.on('close', (code) => {
      try {
        resolve(JSON.parse(text) as ClientAnswer);
      } catch {
        resolve({ ok: false, message: `the client process ended with code ${code} and no answer` });
      }
    });
    child.stdin.on('error', () => { /* the close event tells */ });
    child.stdin.end(JSON.stringify(request));
  });
}
