import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EngineBuild } from '../../../../strategies/spi/engine-source.ts';
import type { EnsureJob } from './ensure-child.ts';

export interface ChildLine { fraction?: number; message?: string; build?: EngineBuild; error?: { message: string; reason?: string; code?: string } }
export interface ChildEnd { lines: ChildLine[]; build?: EngineBuild; error?: ChildLine['error']; wasKilled: boolean; pid: number; stderr: string }
export interface ChildOptions { env?: Record<string, string>; identity?: { uid: number; gid: number } | null; umask?: string; killAt?(line: ChildLine): boolean; killAfterMs?: number }

const script = join(import.meta.dirname, 'ensure-child.ts');

/** Runs ensure in another process; with `killAt` or `killAfterMs` it ends by kill -9 there. */
export async function runEnsure(job: EnsureJob, options: ChildOptions = {}): Promise<ChildEnd> {
  const child = spawn('/bin/sh', ['-c', `umask ${options.umask ?? '022'}; exec "$@"`, 'sh', process.execPath, script, JSON.stringify(job)], {
    cwd: '/', env: { PATH: process.env['PATH'] ?? '', ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], ...options.identity,
  });
  const end: ChildEnd = { lines: [], wasKilled: false, pid: child.pid ?? 0, stderr: '' };
  const kill = (): void => { end.wasKilled = child.kill('SIGKILL'); };
  child.stderr.setEncoding('utf8').on('data', (text: string) => { end.stderr += text; });
  if (options.killAfterMs !== undefined) setTimeout(kill, options.killAfterMs).unref();
  const exited = new Promise((resolve) => { child.on('close', resolve); });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as ChildLine;
    end.lines.push(line);
    if (line.build) end.build = line.build;
    if (line.error) end.error = line.error;
    if (options.killAt?.(line) && !end.wasKilled) kill();
  }
  await exited;
  return end;
}

/** Processes whose command line or environment names a path. */
export async function processesNaming(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const texts = await Promise.all(['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')));
    if (texts.some((text) => text.includes(path))) found.push(`${pid} ${texts[0]?.replaceAll('\0', ' ')}`);
  }
  return found;
}
