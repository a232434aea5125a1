// `npm start`, `stop`, `reset` and `test` begin here, on whatever Node the host has and before anything is installed:
// plain JavaScript, no dependency. It prepares what is missing and hands over to Node 24 from node_modules.
//
//     node scripts/bootstrap.mjs start|stop|reset|test [arguments…]
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { areDependenciesInstalled, installDependencies } from './bootstrap/dependencies.mjs';
import { currentUser, Failure, ownerOf, say } from './bootstrap/failure.mjs';
import { launch } from './bootstrap/launch.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { arePrograms, areProgramsCurrent, buildPrograms, NODE } from './bootstrap/programs.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OLDEST_NODE = 18;

/** Command → what Node 24 is given. @type {Record<string, string[]>} */
const COMMANDS = {
  start: ['dist/host.mjs', 'start'],
  stop: ['dist/host.mjs', 'stop'],
  reset: ['dist/host.mjs', 'reset'],
  test: ['scripts/test.ts'],
};

function isWritable() {
  try {
    accessSync(ROOT, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function prepare() {
  if (areDependenciesInstalled(ROOT) && areProgramsCurrent(ROOT)) return;
  if (!isWritable()) return acceptAsItIs();
  await withLock(ROOT, async () => {
    // Asked again under the lock: the command we may have waited for did the work.
    if (!areDependenciesInstalled(ROOT)) await installDependencies(ROOT);
    if (!areProgramsCurrent(ROOT)) await buildPrograms(ROOT);
  });
}

/** Somebody else's checkout, or a read-only disk: what was built is good enough. */
function acceptAsItIs() {
  if (arePrograms(ROOT)) return say(`${ROOT} changed since it was built, but is not writable: running what was built`);
  const [owner, user] = [ownerOf(ROOT), currentUser()];
  throw new Failure(
    `${ROOT} has not been built and ${user} cannot write to it: run \`npm start\` once as ${owner}, or use a clone of your own`,
  );
}

async function main() {
  const [command = '', ...rest] = process.argv.slice(2);
  const program = COMMANDS[command];
  if (!program) throw new Failure(`usage: node scripts/bootstrap.mjs ${Object.keys(COMMANDS).join('|')}`, { exitCode: 2 });
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    throw new Failure(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer`);
  }
  await prepare();
  process.exitCode = await launch(join(ROOT, NODE), [...program, ...rest], ROOT);
}

main().catch((error) => {
  const isExpected = error instanceof Failure;
  process.stderr.write(`${isExpected ? error.message : error.stack || error}\n`);
  process.exitCode = isExpected ? error.exitCode : 1;
});
