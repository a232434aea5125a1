/**
 * `npm test`: the checks, then the tests from cheap to dear, each part also when an earlier one failed.
 *
 *     npm test                    check, unit, integration, e2e, fault
 *     npm test -- unit e2e        these parts of them
 *     npm test -- full            what takes too long for every run: engines while things go wrong, and their further variants
 *     npm test -- unit -t name    further arguments are vitest's
 *
 * What failed is told again at the end. The last line is `N passed, N failed`; a check counts as one test.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './check.ts';
import { ROOT, runCommand } from './run.ts';
import { type Count, countResults, type JsonReport } from './test-report.ts';

/** Those of every run; `full` is run when it is named. */
const USUAL = ['check', 'unit', 'integration', 'e2e', 'fault'];
const PARTS = [...USUAL, 'full'];
/** What these need is fetched while those before them run. */
const WITH_ENGINES = ['e2e', 'fault', 'full'];
/** Stays for the next run. */
const enginesFolder = process.env['COFFER_TEST_ENGINES'] ?? join(tmpdir(), 'coffer-engines');

async function runProject(project: string, args: string[], folder: string): Promise<Count> {
  const file = join(folder, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await runVitest(['run', '--project', project, ...reporters, ...args], folder);
  const report = await readFile(file, 'utf8').catch(() => null);
  return countResults(report === null ? null : (JSON.parse(report) as JsonReport), code);
}

/** Tests start thousands of processes from the same sources: what Node made of these is kept for the next. */
function runVitest(args: string[], folder: string): Promise<number> {
  const env = { ...process.env, TMPDIR: folder, COFFER_TEST_ENGINES: enginesFolder, NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], { cwd: ROOT, stdio: 'inherit', env });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Everything of a run that is not to stay; every user may have files in it. Its name is short: paths of sockets are. */
async function makeFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'ct-'));
  await chmod(made, 0o1777);
  // ext4 then spreads what is below over the disk. Beside thousands of files just removed it is slow to make others.
  await runCommand('chattr', ['+T', made]);
  return made;
}

function title(part: string): void {
  console.log(`\n== ${part}`);
}

const args = process.argv.slice(2);
const named = args.filter((argument) => PARTS.includes(argument));
const forVitest = args.filter((argument) => !PARTS.includes(argument));
const total: Count = { passed: 0, failed: 0, failures: [] };

// The terminal's Ctrl-C ends vitest, which still tells what it has seen; we then say the closing line.
let isInterrupted = false;
process.on('SIGINT', () => void (isInterrupted = true));

const wanted = named.length === 0 ? USUAL : PARTS.filter((name) => named.includes(name));
const end = new AbortController();
// Where it cannot be had, those who need it say so.
if (wanted.some((name) => WITH_ENGINES.includes(name))) void import('../test/support/engines.ts').then(({ fetchAllEngines }) => fetchAllEngines(end.signal)).catch(() => undefined);
const folder = await makeFolder();
for (const part of wanted) {
  if (isInterrupted) break;
  title(part);
  const start = performance.now();
  const { passed, failed, failures } = part === 'check' ? await runChecks() : await runProject(part, forVitest, folder);
  total.passed += passed;
  total.failed += failed;
  total.failures.push(...failures);
  console.log(`\n${part} took ${Math.round((performance.now() - start) / 1000)} s`);
}
end.abort();
await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error: Error) => console.log(`${folder} could not be removed: ${error.message}`));
if (total.failures.length > 0) console.log(`\n== failed\n${total.failures.join('\n\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = isInterrupted ? 130 : total.failed === 0 ? 0 : 1;
