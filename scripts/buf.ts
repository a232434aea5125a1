import { join } from 'node:path';
import { mustRun, ROOT, runCommand } from './run.ts';

/** buf wants a cache folder although it has nothing to fetch, and a service account has no home to put it in. */
const OPTIONS = { cwd: join(ROOT, 'proto'), env: { BUF_CACHE_DIR: join(ROOT, 'node_modules/.cache/buf') } };

/** The contracts of the last release as `buf breaking` reads them. */
export const BASELINE = 'baseline.binpb';

export function runBuf(args: string[]): Promise<string> {
  return mustRun('buf', args, OPTIONS);
}

/** Runs a checking command; answers its findings as lines. */
export async function checkBuf(args: string[]): Promise<string[]> {
  const { code, output } = await runCommand('buf', args, OPTIONS);
  return code === 0 ? [] : output.split('\n');
}
