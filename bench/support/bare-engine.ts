/** Runs the bare script of an engine, as a user without rights, in a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, constants, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enginesFolder } from '../../test/support/installation.ts';
import { bareEnginePort } from './ports.ts';

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

const isExecutable = (path: string): Promise<boolean> => access(path, constants.X_OK).then(() => true, () => false);

/** The folder of an engine's programs among the builds that Coffer itself uses. */
export async function programsOf(build: string, program: string): Promise<string> {
  const below = async (folder: string, depth: number): Promise<string | null> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (entries.some((entry) => entry.name === program && !entry.isDirectory()) && (await isExecutable(join(folder, program)))) return folder;
    for (const entry of depth === 0 ? [] : entries) {
      const found = entry.isDirectory() ? await below(join(folder, entry.name), depth - 1) : null;
      if (found) return found;
    }
    return null;
  };
  const found = await below(join(enginesFolder, 'builds', build), 6);
  if (!found) throw new Error(`the build ${build} has no ${program}`);
  return found;
}

/** Milliseconds from the start of the script to the first connection. */
export async function runBareEngine(script: string, programs: string): Promise<number> {
  const { answer, ms } = await runBareScript(script, (home) => [programs, home, String(bareEnginePort)]);
  if (!answer.startsWith('connected')) throw new Error(`${script} ended with ${answer}; nothing was measured`);
  return ms;
}

/** The first that the script says, and when; then it is told to end. */
export async function runBareScript(script: string, args: (home: string) => string[]): Promise<{ answer: string; ms: number }> {
  const home = await mkdtemp(join(tmpdir(), 'coffer-bare-'));
  await chmod(home, 0o700);
  if (isRoot) await chown(home, nobody, nobody);
  try {
    const startedAt = performance.now();
    const child = spawn(join(import.meta.dirname, '../bare', script), args(home), {
      stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] }, ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    });
    const ended = once(child, 'close');
    const [first] = (await Promise.race([once(child.stdout, 'data'), ended])) as [unknown];
    const ms = performance.now() - startedAt;
    child.stdin.end();
    await ended;
    return { answer: String(first), ms };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
