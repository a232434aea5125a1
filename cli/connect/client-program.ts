import { constants } from 'node:fs';
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ConnectSpec } from './connect-spec.ts';
import { Failure, usageFailure } from '../failure.ts';
import type { Environment } from '../session/config-file.ts';

/** The stock client: the user's own first, else the one that came with the engine, where that is on this machine. */
export async function findClientProgram({ command, install, clientFolder }: Pick<ConnectSpec, 'command' | 'install' | 'clientFolder'>, env: Environment, uri: string): Promise<string> {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)), ...(clientFolder ? [clientFolder] : [])];
  for (const folder of folders) {
    const path = join(folder, command);
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path;
  }
  throw new Failure(`the client program ${command} is not on this machine`, { code: 'CLIENT.NO_PROGRAM', remedy: `Install it${install ? ` (${install})` : ''}, or use another client with ${uri}\nThe CA certificate: coffer instance show --ca-certificate <instance>` });
}

/** The certificate where clients can read it: one file for each certificate, so that none is changed beneath a running client. */
export async function writeCaFile(certificate: string, env: Environment, userHome: string): Promise<string> {
  const folder = join(env['XDG_CACHE_HOME'] || join(userHome, '.cache'), 'coffer', 'ca');
  const path = join(folder, `${createHash('sha256').update(certificate).digest('hex').slice(0, 32)}.pem`);
  const aside = `${path}.${process.pid}`;
  try {
    if ((await readFile(path, 'utf8').catch(() => null)) === certificate) return path;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(aside, certificate, { mode: 0o600 });
    await chmod(aside, 0o600);
    await rename(aside, path);
    return path;
  } catch (error) {
    throw usageFailure(`the CA certificate cannot be written to ${path}: ${(error as Error).message}`, 'Set XDG_CACHE_HOME to a folder of yours');
  }
}
