import { join } from 'node:path';
import { mustRun, ROOT } from './run.ts';

/** buf wants a cache folder although it has nothing to fetch, and a service account has no home to put it in. */
const CACHE = join(ROOT, 'node_modules/.cache/buf');

/** The contracts of the last release as `buf breaking` reads them. */
export const BASELINE = 'baseline.binpb';

export function runBuf(args: string[]): Promise<string> {
  return mustRun('buf', args, { cwd: join(ROOT, 'proto'), env: { BUF_CACHE_DIR: CACHE } });
}
