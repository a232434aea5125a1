/** Which server, with which token: decided from all that was given, without a look at any of it. */
import { isLoopback, parseEndpoint } from '../api/endpoint.ts';
import { Failure, notFoundFailure } from '../failure.ts';
import type { Config, Environment } from './config-file.ts';
import type { LocalInstallation } from './local-installation.ts';

export interface TargetOptions { context?: string | undefined; url?: string | undefined; project?: string | undefined }
export interface Given {
  options: TargetOptions;
  /** read from `--token-file` */
  fileToken: string | null;
  env: Environment;
  config: Config;
  local: LocalInstallation | null;
}
export interface Target {
  url: string; token: string; project: string | null;
  /** for people: where each of the two comes from */
  urlFrom: string; tokenFrom: string;
  context: string | null;
}

/** Options before the environment, the environment before the context, the context before the local installation. */
export function decideTarget({ options, fileToken, env, config, local }: Given): Target {
  // An address or a token from the environment replaces the current context, but not one that is named.
  const name = options.context ?? env['COFFER_CONTEXT'] ?? (env['COFFER_URL'] ? null : config.current);
  const context = name ? config.contexts[name] : undefined;
  if (name && !context) throw notFoundFailure(`there is no context "${name}"`, 'See `coffer context list`');
  const url = firstOf([options.url, '--url'], [options.context ? undefined : env['COFFER_URL'], 'COFFER_URL'], [context?.url, `context ${name}`], [local?.url, 'the installation on this machine']);
  const endpoint = parseEndpoint(url?.value ?? 'http://127.0.0.1:8779/graphql');
  // A token belongs to its address: neither a context's nor this machine's is ever sent to another one.
  const contextToken = context && parseEndpoint(context.url) === endpoint ? context.token : undefined;
  const localToken = local && isLoopback(endpoint) ? local.token : undefined;
  const token = firstOf([fileToken ?? undefined, '--token-file'], [options.context ? undefined : env['COFFER_TOKEN'], 'COFFER_TOKEN'], [contextToken, `context ${name}`], [localToken, local?.tokenPath ?? '']);
  if (!token) throw nothingToShow(endpoint);
  // An empty variable counts as not set; an option with nothing in it names a project that nobody has, and not all of them.
  const project = options.project ?? ((env['COFFER_PROJECT'] ?? context?.project) || null);
  return { url: endpoint, token: token.value, project, urlFrom: url?.from ?? 'the default', tokenFrom: token.from, context: context && url?.from === `context ${name}` ? name : null };
}

function firstOf(...candidates: [value: string | undefined, from: string][]): { value: string; from: string } | null {
  for (const [value, from] of candidates) if (value) return { value, from };
  return null;
}

const nothingToShow = (endpoint: string): Failure => new Failure(`there is no token for ${endpoint}`, {
  code: 'ACCESS.UNAUTHENTICATED',
  remedy: 'Log in with `coffer login`, set COFFER_TOKEN, or run on the machine of the installation as a user who may read $COFFER_HOME/admin-token',
});
