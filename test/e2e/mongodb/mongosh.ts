/** The `mongosh` of npm, as a person uses it: the manifest's connect command, and the password typed when it asks. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HarnessFacts, Login } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/mongodb/manifest.ts';
import { engineFolder } from '../../../kit/harness/engine-builds.ts';

const version = '2.12.0';
const installTimeoutMs = 300_000;
const answerTimeoutMs = 60_000;

/** 150 MB that nothing but these tests needs: installed once, beside the engines. */
export async function installMongosh(): Promise<string> {
  const folder = join(engineFolder, 'clients', `mongosh-${version}`);
  const program = join('node_modules', 'mongosh', 'bin', 'mongosh.js');
  if (existsSync(join(folder, program))) return join(folder, program);
  const aside = `${folder}.${process.pid}`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true });
  await writeFile(join(aside, 'package.json'), '{}');
  await promisify(execFile)('npm', ['install', '--prefix', aside, '--no-audit', '--no-fund', '--ignore-scripts', `mongosh@${version}`], { cwd: aside, timeout: installTimeoutMs, maxBuffer: 1 << 26 });
  await rename(aside, folder);
  return join(folder, program);
}

export interface ShellResult { exitCode: number; stdout: string; stderr: string; args: string[] }

export function runMongosh(program: string, facts: HarnessFacts, login: Login, home: string, script: string): Promise<ShellResult> {
  const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (_all, key: string) =>
    ({ host: facts.host, port: String(facts.ports['mongodb']), user: login.user, caFile: facts.caFile, authDatabase: manifest.connect.defaultAuthDatabase ?? '', database: login.database ?? manifest.connect.defaultDatabase ?? '' })[key] ?? '');
  const args = [program, ...manifest.connect.args.map(fill), '--quiet', '--norc', '--eval', script];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { HOME: home, LC_ALL: 'C.UTF-8' }, stdio: 'pipe', timeout: answerTimeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.stdin.on('error', () => undefined);
    child.once('error', reject).once('close', (code) => resolve({ exitCode: code ?? 128, stdout: stdout.trim(), stderr: stderr.trim(), args }));
    child.stdin.end(`${login.password}\n`);
  });
}
