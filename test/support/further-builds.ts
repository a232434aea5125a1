/**
 * Builds beside those that the plugins' own sources name: for tests that go from one to another. They are no part of what a
 * version has here, so they are kept in a folder of their own, beside that of the engines.
 */
import { chmod, link, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../kernel/log.ts';
import { createEngineStore } from '../../strategies/sources/index.ts';
import type { EngineBuild, EngineSourceSpec } from '../../strategies/spi/engine-source.ts';
import { enginesFolder } from './installation.ts';

const timeoutMs = 10 * 60_000;

/** Fetched once; what the engines have fetched is not fetched again. */
export async function furtherBuild(datastore: string, track: string, source: EngineSourceSpec): Promise<EngineBuild> {
  const engines = await realpath(enginesFolder);
  const root = `${engines}-further`;
  await mkdir(join(root, 'packages'), { recursive: true });
  for (const name of await readdir(join(engines, 'packages'))) await link(join(engines, 'packages', name), join(root, 'packages', name)).catch(unlessThere);
  return createEngineStore({ root, log: silentLog }).ensure({ datastore, track, sources: [source], signal: AbortSignal.timeout(timeoutMs) });
}
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** A folder of engines with the builds of all tests, in which a test may have more of its own. */
export async function linkEngines(folder: string): Promise<string> {
  const [engines, from] = [join(folder, 'engines'), join(await realpath(enginesFolder), 'builds')];
  await mkdir(join(engines, 'builds'), { recursive: true });
  for (const name of (await readdir(from)).filter((entry) => !entry.startsWith('.'))) await symlink(join(from, name), join(engines, 'builds', name));
  for (const path of [folder, engines, join(engines, 'builds')]) await chmod(path, 0o755);
  return engines;
}

export interface OwnDirectory { /** for COFFER_ENGINE_PATHS */ bin: string; version: string; /** a file: while it is there, the program ends where it is told to run the engine */ broken: string }

/** A build as an operator has one of its own. `running`: a word of the arguments with which `program` runs the engine. */
export async function ownDirectory(folder: string, build: Pick<EngineBuild, 'version' | 'prefix' | 'binDir'>, program: string, running: string): Promise<OwnDirectory> {
  const own = join(folder, build.version);
  const [bin, broken] = [join(own, 'bin'), join(own, 'broken')];
  await mkdir(bin, { recursive: true });
  await symlink(join(build.prefix, 'usr'), join(own, 'usr'));
  await writeFile(join(bin, program), `#!/bin/sh\n[ -e ${broken} ] && case "$*" in *${running}*) echo "ERROR this build is broken" >&2; exit 3;; esac\nexec ${join(build.binDir, program)} "$@"\n`);
  for (const path of [folder, own, bin, join(bin, program)]) await chmod(path, 0o755);
  return { bin, version: build.version, broken };
}
