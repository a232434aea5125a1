/** The command line client as people run it: a process, its two outputs and its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

const sources = join(import.meta.dirname, '../../cli/main.ts');

let built: Promise<string> | undefined;
afterAll(async () => { if (built) await rm(dirname(await built), { recursive: true, force: true }); });
/** Today's sources as one bundle, which starts in a fraction of their time. Once a test file. */
export const builtCli = (): Promise<string> => (built ??= buildCli());

async function buildCli(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-cli-bundle-'));
  const banner = 'import{createRequire as r}from"node:module";globalThis.require??=r(import.meta.url);';
  await build({ entryPoints: { cli: sources }, outdir: folder, bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node24', outExtension: { '.js': '.mjs' }, banner: { js: banner }, logLevel: 'error' });
  return join(folder, 'cli.mjs');
}

export interface Ended { code: number | null; out: string; error: string }
export interface RunningCli {
  child: ChildProcess;
  out(): string;
  error(): string;
  /** Resolves when the text has appeared in either output. */
  saw(text: string | RegExp): Promise<void>;
  ended: Promise<Ended>;
}
export interface Cli {
  /** home, configuration and cache of its own */
  folder: string;
  start(args: readonly string[], options?: { env?: Record<string, string>; input?: string }): RunningCli;
  run(args: readonly string[], options?: { env?: Record<string, string>; input?: string }): Promise<Ended>;
  remove(): Promise<void>;
}

export interface CliOptions { env?: Record<string, string>; program?: string; node?: string }

export async function prepareCli({ env = {}, program, node = process.execPath }: CliOptions = {}): Promise<Cli> {
  const script = program ?? (await builtCli());
  const folder = await mkdtemp(join(tmpdir(), 'coffer-cli-test-'));
  // Nothing of the machine the tests run on is looked at: neither its installation nor its saved logins.
  const base = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: folder, COFFER_HOME: join(folder, 'none'), XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache') };
  const running = new Set<ChildProcess>();

  const start: Cli['start'] = (args, { env: more = {}, input } = {}) => {
    const child = spawn(node, [script, ...args], { cwd: folder, env: { ...base, ...env, ...more }, stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(child);
    let [out, error] = ['', ''];
    const looks = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; for (const look of looks) look(); });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { error += text; for (const look of looks) look(); });
    child.stdin.on('error', () => {}); // it need not read
    child.stdin.end(input ?? '');
    const ended = new Promise<Ended>((resolve) => { child.once('close', (code) => { running.delete(child); resolve({ code, out, error }); for (const look of looks) look(); }); });
    const saw = (text: string | RegExp): Promise<void> => new Promise((resolve, reject) => {
      const look = (): void => {
        if (typeof text === 'string' ? (out + error).includes(text) : text.test(out + error)) { looks.delete(look); resolve(); }
        else if (!running.has(child)) { looks.delete(look); reject(new Error(`it ended without ${String(text)}:\n${out}\n${error}`)); }
      };
      looks.add(look);
      look();
    });
    return { child, out: () => out, error: () => error, saw, ended };
  };
  return {
    folder, start,
    run: (args, options) => start(args, options).ended,
    async remove() {
      for (const child of running) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
