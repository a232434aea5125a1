import { CofferError } from '../../kernel/errors.ts';

/** Why a source could not deliver; decides whether asking again makes sense. */
export type SourceFailure =
  | 'not-found' | 'wrong-version' | 'no-network' | 'no-debian-host' | 'signature' | 'disk-full' | 'not-x64' | 'missing-tool'
  | 'no-such-package' | 'corrupt-package' | 'not-writable' | 'incomplete' | 'timeout' | 'apt-failed' | 'bad-spec';

/** The engine's binaries could not be had. */
export class EngineSourceError extends CofferError {
  readonly reason: SourceFailure;
  /** what to do, where it is more than the reason tells */
  readonly advice: string | undefined;

  constructor(reason: SourceFailure, message: string, options: { remedy?: string | undefined; cause?: unknown } = {}) {
    super('SOURCE.UNAVAILABLE', message, options.remedy === undefined ? { cause: options.cause } : { cause: options.cause, remedy: options.remedy });
    this.reason = reason;
    this.advice = options.remedy;
  }
}

const remedies: Partial<Record<SourceFailure, string>> = {
  'no-network': 'Check the network and the proxy of apt: `apt-get update` must work on this host.',
  'no-debian-host': 'Packages can be fetched where apt is configured with a Debian archive.',
  signature: 'Install a current debian-archive-keyring package, and distrust this mirror until it verifies.',
  'disk-full': 'Free some disk space and try again.',
  'missing-tool': 'Install the named program and try again.',
  'not-writable': 'Give this user the directory, or set COFFER_HOME to one it may write to.',
  'corrupt-package': 'Try again: the damaged file was removed.',
  timeout: 'Try again when the host is less busy.',
};

/** What is wrong with a file of `coffer engine export`, whose reader cannot fetch it anew. */
export const bringAgain = 'Bring the file again, from `coffer engine export` on the other host.';

/** How an operator brings binaries by hand: the way out that works whatever went wrong. */
const remedyByHand = (datastore: string, track: string): string =>
  `Or install ${datastore} ${track} yourself and name its directory: COFFER_ENGINE_PATHS="${datastore}/${track}=/path/to/bin".`;

/** The failure as people read it: what, why, and everything they can do about it. */
export function explainFailure(error: EngineSourceError, datastore: string, track: string): EngineSourceError {
  const remedy = [error.advice ?? remedies[error.reason], remedyByHand(datastore, track)].filter((part) => part !== undefined).join(' ');
  return new EngineSourceError(error.reason, `${datastore} ${track} could not be installed: ${error.message}. ${remedy}`, { remedy, cause: error });
}

/** One failure out of those of every source that was tried; its reason is that of the last, the plugin's last resort. */
export function combineFailures(errors: readonly EngineSourceError[]): EngineSourceError {
  const last = errors.at(-1);
  if (last === undefined) return new EngineSourceError('bad-spec', 'the plugin names no source for this track');
  return errors.length === 1 ? last : new EngineSourceError(last.reason, errors.map((e) => e.message).join('; '), { cause: last, remedy: last.advice });
}

/** Makes an error of the file system speak for itself; anything unknown stays as it is. */
export function fromFileError(error: unknown, path: string): unknown {
  const { code, path: named } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new EngineSourceError('disk-full', `the disk that holds ${path} is full`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const who = `this user (uid ${process.getuid?.() ?? 'unknown'})`;
    return new EngineSourceError('not-writable', `${who} may not write to ${named ?? path}`, { cause: error });
  }
  return error;
}
