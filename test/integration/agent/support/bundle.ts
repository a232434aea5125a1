/** The agent as it is run: bundled, which halves its start. Made once for each test file. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const banner = 'import{createRequire as __r}from"node:module";globalThis.require??=__r(import.meta.url);';
let made: Promise<string> | undefined;

/** Path of the program, readable for every user. */
export const bundleAgent = (repository: string): Promise<string> => (made ??= bundle(repository));

async function bundle(repository: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-agent-bundle-'));
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'agent.mjs');
  await build({
    absWorkingDir: repository, entryPoints: ['agent/main.ts'], outfile: program, bundle: true, format: 'esm', platform: 'node', target: 'node24',
    banner: { js: banner }, external: ['pg-native'], keepNames: true, logLevel: 'warning',
  });
  chmodSync(program, 0o644);
  return program;
}
