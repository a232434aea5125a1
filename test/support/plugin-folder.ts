/** A stranger's folder with a plugin's package in it and the packages it needs beside it, and the kit run there. */
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KitReport } from '../../kit/results.ts';
import { compileCache } from './compile-cache.ts';
import { ROOT } from './installation.ts';

export interface PluginFolder {
  path: string;
  edit(file: string, from: string, to: string): Promise<void>;
  kit(...args: string[]): Promise<{ code: number | null; report: KitReport; error: string }>;
  remove(): Promise<void>;
}

/** With a host's Node as the engine a build is named by the hash of that program, and every look at a folder of builds computes it: none of that in the shared folder. */
export const ownEngines = join(tmpdir(), 'coffer-kit-engines');

/** Linked as `npm install <folder>` links them. */
export async function createPluginFolder(source: string, engines: string = ownEngines): Promise<PluginFolder> {
  const path = await mkdtemp(join(tmpdir(), 'coffer-plugin-'));
  await chmod(path, 0o755); // the engine's user reads its program here
  await cp(source, path, { recursive: true });
  await mkdir(join(path, 'node_modules/@coffer'), { recursive: true });
  for (const name of ['sdk', 'kit']) await symlink(join(ROOT, name), join(path, 'node_modules/@coffer', `plugin-${name}`));
  return {
    path,
    async edit(file, from, to) {
      const text = await readFile(join(path, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} does not hold: ${from}`);
      await writeFile(join(path, file), text.replace(from, () => to));
    },
    kit: (...args) => new Promise((resolve, reject) => {
      const program = join(path, 'node_modules/@coffer/plugin-kit/bin/coffer-plugin-kit.mjs');
      const child = spawn(process.execPath, [program, ...args, '--json', '-', '--engines', engines], { cwd: path, env: { PATH: process.env['PATH'], HOME: path, ...compileCache }, stdio: ['ignore', 'pipe', 'pipe'] });
      let [out, error] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
      child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text; });
      child.once('error', reject).once('close', (code) => {
        try {
          resolve({ code, report: JSON.parse(out) as KitReport, error });
        } catch {
          reject(new Error(`the kit ended with ${code} and said:\n${out}\n${error}`));
        }
      });
    }),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
