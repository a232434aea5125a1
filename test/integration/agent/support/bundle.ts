/** The agent as it is run: bundled, which halves its start. Kept among the caches under the name of its content. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { releaseVersion } from '../../../../kernel/release.ts';

const banner = 'import{createRequire as __r}from"node:module";globalThis.require??=__r(import.meta.url);';
const keptMs = 3_600_000;
let made: Promise<string> | undefined;

/** Path of the program, readable for every user. */
export const bundleAgent = (repository: string): Promise<string> => (made ??= bundle(repository));

async function bundle(repository: string): Promise<string> {
  const { outputFiles: [output] } = await build({
    absWorkingDir: repository, entryPoints: ['agent/main.ts'], outfile: 'agent.mjs', write: false, bundle: true, format: 'esm', platform: 'node', target: 'node24',
    banner: { js: banner }, external: ['pg-native'], keepNames: true, logLevel: 'warning',
  });
  if (!output) throw new Error('esbuild made no agent');
  const folder = join(repository, 'node_modules/.cache/test-agent');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // As beside every bundle: the agent tells the release it is of.
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ version: releaseVersion() }), { mode: 0o644 });
  forgetOld(folder);
  const program = join(folder, `agent-${createHash('sha256').update(output.contents).digest('hex').slice(0, 16)}.mjs`);
  // Several test files make it at once: each whole, the last one stays.
  writeFileSync(`${program}.${process.pid}`, output.contents, { mode: 0o644 });
  renameSync(`${program}.${process.pid}`, program);
  return program;
}

function forgetOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > keptMs) rmSync(path, { force: true });
  }
}
