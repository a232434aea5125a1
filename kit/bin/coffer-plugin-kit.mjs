#!/usr/bin/env node
/** Starts the kit. What is built is taken; a checkout that was never built runs from its sources. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(`coffer-plugin-kit needs Node ${OLDEST_NODE} or newer; this is ${process.version}: in the plugin's package, npm install --save-dev node@${OLDEST_NODE}\n`);
  process.exitCode = 2;
} else {
  await import([at('dist/main.js'), at('main.ts')].find((path) => existsSync(path)));
}
