/** Files a client reads, as long as it runs: in a folder of their own that nobody else may enter. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../session/config-file.ts';
import type { ConnectPlan } from './plan.ts';

/** A user's own folder in memory, where there is one. Nobody can know the name before. */
export const newFilesFolder = (env: Environment): string => join(env['XDG_RUNTIME_DIR'] || tmpdir(), `coffer-connect-${randomBytes(12).toString('hex')}`);

/** Runs something with the plan's files in the folder; they are gone when it ends, however it ends. */
export async function withClientFiles<T>(plan: ConnectPlan, folder: string, password: string, run: () => Promise<T>): Promise<T> {
  const texts = Object.entries(plan.files);
  if (texts.length === 0) return run();
  await mkdir(folder, { mode: 0o700 });
  try {
    for (const [name, text] of texts) await writeFile(join(folder, name), text.replaceAll('{password}', () => password), { mode: 0o600, flag: 'wx' });
    return await run();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
