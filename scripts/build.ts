/**
 * Bundles every program of Coffer into `dist/`: a bundle starts in a third of the time and half of the memory of the
 * sources.
 *
 *     dist/host.mjs gateway.mjs agent.mjs client-host.mjs plugin-thread.mjs cli.mjs
 *     dist/chunks/     code that several programs share, or that one imports lazily, and data; content hash in the name
 *     dist/migrations/ what the store's migration runner applies
 *     dist/plugin-template/ what `coffer plugin init` begins with
 *     dist/manifest.json
 *
 * One flat layout is enough: esbuild puts a module into a chunk by the exact set of programs that reach it, so no
 * program loads another one's code, and what is imported lazily stays lazy.
 *
 * `dist/` is self-contained: it needs a Node 24 and nothing of `node_modules`, apart from the embedded store's
 * binaries, which host/ finds by itself. `manifest.json` names the content (`hash`). Agents do not run from here but
 * from an immutable copy, `$COFFER_HOME/runtime/<hash>/`, which holds this folder's content and the Node binary: a
 * `git pull`, a rebuild or an unreadable checkout then changes nothing beneath a running one.
 *
 * The new content is written aside and renamed into place.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, type OutputFile, type Plugin } from 'esbuild';
import { filesBelow } from './fingerprint.mjs';
import { ROOT } from './run.ts';

/** Program → source. A part that is not written yet is skipped with a notice. */
const ENTRIES: Record<string, string> = {
  host: 'host/main.ts',
  gateway: 'gateway/main.ts',
  agent: 'agent/main.ts',
  'client-host': 'strategies/client-host.ts',
  'plugin-thread': 'strategies/plugin-thread.ts',
  cli: 'cli/main.ts',
};

/** Folder of the repository → folder of `dist`, copied as it is. */
const ASSETS: Record<string, string> = {
  'prisma/migrations': 'migrations',
  'kit/template': 'plugin-template',
};

/**
 * CommonJS packages inside an ES module miss these two. Set as globals, not as constants, so that a module which makes
 * its own `require` does not clash with ours.
 */
const BANNER =
  'import{createRequire as __cofferRequire}from"node:module";' +
  'globalThis.require??=__cofferRequire(import.meta.url);globalThis.__dirname??=import.meta.dirname;';

const DIST = join(ROOT, 'dist');
const NEXT = join(ROOT, 'node_modules/.cache', `dist-${process.pid}`);

/** What engines can be told stays JSON: as code it takes agents and gateway five times the memory. */
const catalogues: Plugin = {
  name: 'catalogues',
  setup: ({ onLoad }) => onLoad({ filter: /\/catalogue\/[^/]+\.json$/ }, async ({ path }) => ({ contents: await readFile(path), loader: 'copy' })),
};

async function bundle(entries: Record<string, string>): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: entries,
    outdir: DIST,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Node 24 has explicit resource management; lowered, a `using` in a loop keeps the error of an earlier turn.
    supported: { using: true },
    outExtension: { '.js': '.mjs' },
    assetNames: 'chunks/[name]-[hash]',
    plugins: [catalogues],
    banner: { js: BANNER },
    external: ['pg-native'],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
  });
  return outputFiles;
}

async function write(files: OutputFile[], folder: string): Promise<void> {
  for (const { path, contents } of files) {
    const target = join(folder, relative(DIST, path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, contents);
  }
}

async function writeManifest(folder: string, entries: string[]): Promise<string> {
  const files: Record<string, string> = {};
  for (const path of filesBelow(folder)) {
    files[relative(folder, path)] = createHash('sha256').update(await readFile(path)).digest('hex');
  }
  const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const programs = Object.fromEntries(entries.map((name) => [name, `${name}.mjs`]));
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify({ version, hash, programs, files }, null, 2)}\n`);
  return hash;
}

const start = performance.now();
const present = Object.entries(ENTRIES).filter(([, source]) => existsSync(join(ROOT, source)));
for (const [name, source] of Object.entries(ENTRIES)) {
  if (!present.some(([other]) => other === name)) console.log(`skipped ${name}: there is no ${source}`);
}
try {
  await rm(NEXT, { recursive: true, force: true });
  await mkdir(NEXT, { recursive: true });
  await write(await bundle(Object.fromEntries(present)), NEXT);
  for (const [from, to] of Object.entries(ASSETS)) {
    if (existsSync(join(ROOT, from))) await cp(join(ROOT, from), join(NEXT, to), { recursive: true });
  }
  const hash = await writeManifest(NEXT, present.map(([name]) => name));
  await rm(DIST, { recursive: true, force: true });
  await rename(NEXT, DIST);
  console.log(`built ${present.length} programs into dist (${hash}) in ${Math.round(performance.now() - start)} ms`);
} catch (error) {
  // esbuild has already shown what it could not build.
  if (!(error instanceof Error && 'errors' in error)) console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await rm(NEXT, { recursive: true, force: true });
}
