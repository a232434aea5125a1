#!/usr/bin/env node
/**
 * Starts the command line client with the Node that comes with the dependencies. This file alone must run on an old one
 * (18 and up). What is built is taken; a checkout that was never built runs from its sources.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
// Files of engines lie on the host and not behind the API: these two are the host program's, which is in the same checkout.
const [word, deed] = process.argv.slice(2);
const home = word === 'engine' && ['export', 'import'].includes(deed) ? 'host' : 'cli';
const entry = [at(`dist/${home}.mjs`), at(`${home}/main.ts`)].find((path) => existsSync(path) && (path.endsWith('.mjs') || existsSync(at('cli/generated/documents.ts'))));
const node = at('node_modules/.bin/node');

if (!entry) fail('the command line client is not built: run npm start once, or npm run build');
else if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) await import(entry);
else if (!existsSync(node)) fail('its Node 24 is not installed: run npm start once, or npm install');
else hand(node, entry);

function fail(message) {
  process.stderr.write(`coffer: ${message}\n`);
  process.exitCode = 1;
}

/** The other Node has the terminal; signals reach it, and its end is ours. */
function hand(program, script) {
  const child = spawn(program, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.on('SIGINT', () => {}); // the terminal sends it to the child as well
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}
