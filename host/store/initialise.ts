import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lchown, lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HomePaths } from '../../kernel/home.ts';
import { ensureFolder, type Owner, writeFileAtomically } from '../../compute/files.ts';
import { launch } from '../../compute/launch/launch.ts';
import type { Identity } from '../../compute/launch/identity.ts';
import type { Principals } from '../principals.ts';
import { HostProblem } from '../problem.ts';
import { storeDatabase, storeUrl, storeUser } from './settings.ts';

export interface StorePlace { paths: HomePaths; principals: Principals; /** folder with bin of the store's PostgreSQL */ postgres: string }
export const dataFolder = (paths: HomePaths): string => join(paths.store, 'data');

/** Data, database and address of the store; made at the first start, aside and then renamed. True when it was made now. */
export async function ensureStoreData(place: StorePlace): Promise<boolean> {
  const { paths, principals } = place;
  const exists = (await stat(dataFolder(paths)).catch(() => undefined)) !== undefined;
  await ensureFolder(paths.store, 0o700, exists ? principals.store.owner : principals.store.initialiseOwner);
  const hasUrl = (await lstat(paths.storeUrl).catch(() => undefined)) !== undefined;
  if (exists && hasUrl) return false;
  const password = randomBytes(24).toString('base64url');
  if (exists) await singleUser(place, principals.store.identity, dataFolder(paths), 'postgres', `alter role ${storeUser} password '${password}'`);
  else await initialise(place, password);
  await writeFileAtomically(paths.storeUrl, `${storeUrl(paths.storeSockets, password)}\n`, { mode: 0o600, owner: principals.gateway.owner });
  if (!exists) await rename(`${dataFolder(paths)}.new`, dataFolder(paths));
  return !exists;
}

async function initialise(place: StorePlace, password: string): Promise<void> {
  const { paths, principals } = place;
  const aside = `${dataFolder(paths)}.new`;
  const passwordFile = join(paths.store, '.password');
  await rm(aside, { recursive: true, force: true });
  await writeFileAtomically(passwordFile, password, { mode: 0o600, owner: principals.store.initialiseOwner });
  try {
    await run(place, principals.store.initialise, 'initdb', [
      '--pgdata', aside, '--username', storeUser, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--data-checksums',
      '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-instructions',
    ]);
    await singleUser(place, principals.store.initialise, aside, 'postgres', `create database ${storeDatabase}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
  const { owner, initialiseOwner } = principals.store;
  if (owner && owner.uid !== initialiseOwner?.uid) await giveTree(paths.store, owner);
}

/** One statement without a server: no socket, no password. */
async function singleUser(place: StorePlace, identity: Identity, data: string, database: string, statement: string): Promise<void> {
  // The statement may hold a password: it goes in by standard input's stand-in, a file, never as an argument.
  const script = join(place.paths.store, '.statement');
  await writeFileAtomically(script, `${statement}\n`, { mode: 0o600, owner: (await ownerOf(place.paths.store)) });
  try {
    await run(place, identity, 'postgres', ['--single', '-D', data, '-c', 'exit_on_error=on', '-c', 'log_min_messages=error', database], script);
  } finally {
    await rm(script, { force: true });
  }
}

async function ownerOf(path: string): Promise<Owner> {
  const { uid, gid } = await stat(path);
  return { uid, gid };
}

const toolTimeoutMs = 60_000;

async function run(place: StorePlace, identity: Identity, program: string, args: string[], input?: string): Promise<void> {
  const command = join(place.postgres, 'bin', program);
  const { child } = await launch({
    command: input ? '/bin/sh' : command, args: input ? ['-c', 'input=$1; shift; exec "$@" <"$input"', 'coffer-store', input, command, ...args] : args,
    cwd: place.paths.store, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }, identity, output: 'pipe', parentDeathSignal: 'TERM',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-4_000); });
  const timer = setTimeout(() => child.kill('SIGKILL'), toolTimeoutMs);
  await once(child, 'close');
  clearTimeout(timer);
  if (child.exitCode === 0) return;
  throw new HostProblem(`the control plane's store could not be made: ${complaintOf(said) || `${program} ended with ${child.exitCode ?? child.signalCode}`}`);
}

/** The line in which a PostgreSQL program says what is wrong. */
export function complaintOf(output: string): string {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const line = lines.findLast((candidate) => /FATAL|PANIC|ERROR|error:/.test(candidate)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(FATAL|PANIC|ERROR|error):\s*/, '');
}

async function giveTree(path: string, owner: Owner): Promise<void> {
  await lchown(path, owner.uid, owner.gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await giveTree(join(path, entry.name), owner);
    else await lchown(join(path, entry.name), owner.uid, owner.gid);
  }
}
