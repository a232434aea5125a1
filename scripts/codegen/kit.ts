/** Bundles the conformance kit: a package that needs vitest and nothing else of this repository. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT, runCommand } from '../run.ts';

/** What is written by hand for each bundle of CommonJS packages; see scripts/build.ts. */
const banner = 'import{createRequire as __cofferRequire}from"node:module";globalThis.require??=__cofferRequire(import.meta.url);globalThis.__dirname??=import.meta.dirname;';

export async function buildKit(): Promise<void> {
  const outdir = join(ROOT, 'kit/dist');
  await rm(outdir, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'kit/main.ts', spec: 'kit/spec.ts', 'static-process': 'kit/static/static-process.ts', 'guest-process': 'kit/harness/guest-process.ts' },
    outdir, bundle: true, splitting: true, chunkNames: '[name]-[hash]', format: 'esm', platform: 'node', target: 'node24',
    supported: { using: true }, banner: { js: banner }, external: ['vitest', 'vitest/*', 'pg-native'], logLevel: 'warning',
  });
  const { code, output } = await runCommand('tsc', ['-p', 'kit']);
  if (code !== 0) throw new Error(output);
}
