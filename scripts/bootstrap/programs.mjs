import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readStamp, writeStamp } from '../fingerprint.mjs';
import { explain, Failure, INTERRUPTED, say } from './failure.mjs';
import { runStep } from './step.mjs';

/** Everything that ends up in `dist/`, or makes it. */
const SOURCES = [
  ...['package.json', 'package-lock.json', 'prisma.config.ts', 'codegen.ts', 'scripts/codegen', 'scripts/build.ts'],
  ...['agent', 'cli', 'compute', 'gateway', 'host', 'kernel', 'kit', 'prisma', 'proto', 'sdk', 'strategies'],
];

/** @param {string} root */
const stampOf = (root) => join(root, 'dist/.stamp');

/** The Node 24 that comes with the dependencies; the host's own only starts this script. */
export const NODE = 'node_modules/.bin/node';

/** @param {string} root */
export const arePrograms = (root) => existsSync(join(root, NODE)) && existsSync(join(root, 'dist/manifest.json'));

/** @param {string} root */
export const areProgramsCurrent = (root) => arePrograms(root) && readStamp(stampOf(root)) === fingerprint(root, SOURCES);

/** @param {string} root */
export async function buildPrograms(root) {
  say('Building (sources changed; takes a few seconds)');
  const current = fingerprint(root, SOURCES); // before, so that an edit meanwhile is built the next time
  await runNode(root, 'codegen.ts');
  await runNode(root, 'scripts/build.ts');
  writeStamp(stampOf(root), current);
}

/**
 * @param {string} root
 * @param {string} script
 */
async function runNode(root, script) {
  const { code, isInterrupted, output } = await runStep(join(root, NODE), [script], { cwd: root });
  if (isInterrupted) throw new Failure('Interrupted while building: run it again to finish', { exitCode: INTERRUPTED });
  if (code === 0) return;
  process.stderr.write(output.endsWith('\n') ? output : `${output}\n`);
  throw new Failure(`${script} failed: ${explain(output)}`);
}
