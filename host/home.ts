import { access, chmod, constants, lstat, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { HomePaths } from '../kernel/home.ts';
import { ensureFolder } from '../compute/files.ts';
import type { Principals } from './principals.ts';
import { explainSystemError, HostProblem } from './problem.ts';

/** Makes or repairs the home's folders, each with the owner and rights it needs and no more. */
export async function prepareHome(paths: HomePaths, principals: Principals, isRoot: boolean): Promise<void> {
  try {
    await makeWithParents(paths.home);
    await access(paths.home, constants.W_OK | constants.X_OK);
    if (isRoot) await requireReachable(paths.home);
    await ensureFolderAt(paths.home, isRoot ? 0o711 : 0o700);
    await mark(paths);
    await requireOwn(paths.run);
    await ensureFolder(paths.control, 0o700, principals.gateway.owner);
    await ensureFolder(paths.run, isRoot ? 0o711 : 0o700, null);
    // The store's user makes the socket here; of the others only the gateway's group may pass.
    const { owner } = principals.store;
    await ensureFolder(paths.storeSockets, isRoot ? 0o710 : 0o700, owner && principals.gateway.owner ? { uid: owner.uid, gid: principals.gateway.owner.gid } : null);
    await ensureFolder(paths.logs, 0o700, null);
    await ensureFolder(paths.runtime, 0o755, null);
    await ensureFolder(paths.instances, isRoot ? 0o711 : 0o700, null);
  } catch (error) {
    throw explainSystemError(error, `COFFER_HOME=${paths.home} cannot be used`);
  }
}

/** One by one: asked to do it at once, Node never comes back where a file system makes no folders (/proc). */
async function makeWithParents(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; folder !== dirname(folder) && !(await stat(folder).catch(missingOrThrow)); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) await mkdir(folder, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
}
const missingOrThrow = (error: NodeJS.ErrnoException): undefined => { if (error.code !== 'ENOENT') throw error; };

/** The operator's: `npm install --prefix $COFFER_HOME` may bring plugins before the first start. */
const ofPlugins = ['node_modules', 'package.json', 'package-lock.json'];

/** A folder with other people's files in it is not taken over (COFFER_HOME=/etc). */
async function mark(paths: HomePaths): Promise<void> {
  const found = await readdir(paths.home);
  const own = new Set([...Object.values(paths).map((path) => basename(path)), ...ofPlugins]);
  const foreign = found.filter((name) => !own.has(name));
  if (!found.includes(basename(paths.marker)) && foreign.length > 0) {
    throw new HostProblem(`COFFER_HOME=${paths.home} cannot be used: it has files that are not Coffer's (${foreign.slice(0, 3).join(', ')}); choose an empty or new folder`);
  }
  if (found.includes(basename(paths.marker))) return;
  await writeFile(paths.marker, 'This folder belongs to Coffer. `npm run reset` removes what Coffer made in it.\n', { mode: 0o644 });
}

/** The home itself may be a link to a folder on another disk; what is below it may not. */
async function ensureFolderAt(path: string, mode: number): Promise<void> {
  const found = await stat(path);
  if (!found.isDirectory()) throw new HostProblem(`COFFER_HOME=${path} cannot be used: it is not a folder`);
  if (process.getuid?.() !== 0 && found.uid !== process.getuid?.()) throw new HostProblem(`COFFER_HOME=${path} belongs to another user (uid ${found.uid}): choose another folder`);
  if ((found.mode & 0o7777) !== mode) await chmod(path, mode);
}

/** Gateway, store, engines and agents have users of their own and must get in. */
async function requireReachable(path: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) {
      throw new HostProblem(`COFFER_HOME=${path} cannot be used: ${folder} lets no other user in (mode ${(mode & 0o777).toString(8)}), and started by root Coffer runs its parts as users of their own. Choose another folder, such as /var/lib/coffer`);
    }
    if (folder === dirname(folder)) return;
  }
}

/** A run folder outside the home lies where everybody may write: it must be ours. */
async function requireOwn(run: string): Promise<void> {
  const found = await lstat(run).catch(() => undefined);
  if (found && (!found.isDirectory() || found.uid !== process.getuid?.())) throw new HostProblem(`${run} is needed for sockets and belongs to somebody else: remove it`);
}
