import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { EngineSourceError } from '../source-error.ts';
import { mirrorOfCentral, parseMavenSettings } from './maven-settings.ts';
import { parsePipIndex, pipConfigFiles } from './pip-config.ts';
import { publicMavenRepository, publicPythonIndex } from './public-repositories.ts';
import { parseRepository } from './repository.ts';
import type { Repository } from './repository.ts';

/** What the operator's settings name; null or absent: not named. */
export interface RepositorySettings {
  /** COFFER_MAVEN_REPOSITORY */
  maven?: string | null;
  /** COFFER_PYTHON_INDEX */
  python?: string | null;
}

const [mavenSetting, pythonSetting] = ['COFFER_MAVEN_REPOSITORY', 'COFFER_PYTHON_INDEX'];
const readIfThere = async (path: string): Promise<string> => await readFile(path, 'utf8').catch(() => '');

function required(text: string, namedBy: string, setting: string): Repository {
  const repository = parseRepository(text, namedBy, setting);
  if (repository === undefined) throw new EngineSourceError('bad-spec', `${namedBy} is no http or https address`);
  return repository;
}

/** The setting, else Maven's mirror of central: the user's settings before those of the installation, as Maven does. */
export async function findMavenRepository(settings: RepositorySettings, env = process.env, home = homedir()): Promise<Repository> {
  if (settings.maven) return required(settings.maven, mavenSetting, mavenSetting);
  const installations = [env['MAVEN_HOME'], env['M2_HOME']].flatMap((path) => (path ? [`${path}/conf/settings.xml`] : []));
  const files = [`${home}/.m2/settings.xml`, ...installations, '/usr/share/maven/conf/settings.xml', '/etc/maven/settings.xml'];
  const mirrors = (await Promise.all(files.map(async (file) => parseMavenSettings(await readIfThere(file), env).map((mirror) => ({ ...mirror, file }))))).flat();
  const mirror = mirrorOfCentral(mirrors);
  const named = mirror && parseRepository(mirror.url, mirror.file, mavenSetting, mirror.login);
  return named ?? required(publicMavenRepository, 'the public default', mavenSetting);
}

/** The setting, else what pip of this host asks. */
export async function findPythonIndex(settings: RepositorySettings, env = process.env, home = homedir()): Promise<Repository> {
  if (settings.python) return required(settings.python, pythonSetting, pythonSetting);
  const named: [string, string | undefined][] = [['PIP_INDEX_URL', env['PIP_INDEX_URL']]];
  for (const file of pipConfigFiles(env, home)) named.push([file, parsePipIndex(await readIfThere(file))]);
  for (const [namedBy, text] of named) {
    const repository = text ? parseRepository(text, namedBy, pythonSetting) : undefined;
    if (repository) return repository;
  }
  return required(publicPythonIndex, 'the public default', pythonSetting);
}
