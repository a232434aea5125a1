/**
 * A track of an engine whose programs do not work, in an engines folder of the test's own: it holds links to the shared
 * builds, so that the others can be used, and what is recorded there is seen by nobody else, also when the test is killed.
 */
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enginesFolder } from './installation.ts';

export interface BrokenEngine {
  /** for the host: Redis 7 is broken, everything else works */
  env: { COFFER_ENGINES_FOLDER: string; COFFER_ENGINE_PATHS: string };
  /** where those programs are */
  programs: string;
  remove(): Promise<void>;
}

const program = '#!/bin/sh\n[ "$1" = --version ] && { echo "Redis server v=7.0.99 sha=00000000:0"; exit 0; }\necho "this build is broken" >&2\nexit 3\n';

/** `uid`: of the user that starts the host, when it is not our own. */
export async function createBrokenEngine(uid?: number): Promise<BrokenEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-broken-engine-'));
  const [engines, programs] = [join(folder, 'engines'), join(folder, 'programs')];
  const [from, to] = [join(await realpath(enginesFolder), 'builds'), join(engines, 'builds')];
  for (const path of [programs, to]) await mkdir(path, { recursive: true });
  for (const name of (await readdir(from)).filter((entry) => !entry.startsWith('.'))) await symlink(join(from, name), join(to, name));
  for (const name of ['redis-server', 'redis-cli']) await writeFile(join(programs, name), program);
  // whatever the umask: engines' users run these
  for (const path of [folder, engines, programs, to, join(programs, 'redis-server'), join(programs, 'redis-cli')]) await chmod(path, 0o755);
  if (uid !== undefined) await chown(engines, uid, uid);
  return {
    programs,
    env: { COFFER_ENGINES_FOLDER: engines, COFFER_ENGINE_PATHS: `redis/7=${programs}` },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
