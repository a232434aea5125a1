/** `cqlsh` as a person has it: from PyPI, in an environment of its own beside the engines of the tests, run as the manifest says. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newFilesFolder, withClientFiles } from '../../../cli/connect/client-files.ts';
import { planConnection, withPassword } from '../../../cli/connect/plan.ts';
import { engineFolder } from '../../../kit/harness/engine-builds.ts';
import type { HarnessFacts, Login } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/cassandra/manifest.ts';

const run = promisify(execFile);
const version = '6.2.2';
/** From 3.29 on the driver below it builds its TLS context without the wish to verify (`_build_ssl_context_from_options`): cqlsh then takes any certificate. */
const driverVersion = '3.28.0';
const installTimeoutMs = 300_000;
const answerTimeoutMs = 60_000;

export const hasPython = (): Promise<boolean> => run('python3', ['-c', 'import venv, sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))']).then(() => true, () => false);

/** The folder with the program; made once, aside. Programs of an environment name their interpreter by its path, so it is moved nowhere. */
export async function installCqlsh(): Promise<string> {
  const home = join(engineFolder, 'clients', `cqlsh-${version}-${driverVersion}`);
  const marker = join(home, 'complete');
  if (existsSync(marker)) return join(home, 'bin');
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await run('python3', ['-m', 'venv', home]);
  await run(join(home, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--only-binary', 'cassandra-driver', `cqlsh==${version}`, `cassandra-driver==${driverVersion}`], { timeout: installTimeoutMs });
  await mkdir(`${marker}.new`);
  await rename(`${marker}.new`, marker);
  return join(home, 'bin');
}

/** What it prints; throws with its words when it ends badly. */
export async function askCqlsh(programs: string, facts: HarnessFacts, login: Login, statements: string, caFile = facts.caFile): Promise<string> {
  const { connect } = manifest;
  const spec = {
    command: connect.command, install: null, args: [...connect.args], environment: Object.entries(connect.environment).map(([name, value]) => ({ name, value })),
    files: Object.entries(connect.files ?? {}).map(([name, content]) => ({ name, content })), defaultDatabase: connect.defaultDatabase ?? null, defaultAuthDatabase: null, clientFolder: null,
  };
  const filesFolder = newFilesFolder(process.env);
  const plan = planConnection(spec, { host: facts.host, port: facts.ports['cql'] ?? 0, user: login.user, authDatabase: null, database: login.database, caFile, filesFolder }, ['--no-color', '-e', statements]);
  const env = { PATH: process.env['PATH'], HOME: filesFolder, LC_ALL: 'C.UTF-8', ...plan.environment, ...withPassword(plan, login.password) };
  return withClientFiles(plan, filesFolder, login.password, async () => {
    const { stdout, stderr } = await run(join(programs, plan.command), plan.args, { env, timeout: answerTimeoutMs }).catch((error: Error & { stderr?: string }) => { throw new Error(error.stderr || error.message, { cause: error }); });
    if (stderr.trim() !== '') throw new Error(stderr);
    return stdout;
  });
}
