/**
 * The crash matrix on demand, with every batch of kills told as it ends:
 *
 *     node test/fault/run-matrix.ts --seed 7         what the suite runs, with the points that this seed draws
 *     node test/fault/run-matrix.ts --all            every point, on the engine of the suite (Redis)
 *     node test/fault/run-matrix.ts --further        a sample on the other engines; with --all every point
 *     node test/fault/run-matrix.ts --all -t reset   further arguments are vitest's
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const take = (flag: string, values: number): string[] | undefined => {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 1 + values).slice(1);
};
const all = take('--all', 0) !== undefined;
const project = take('--further', 0) === undefined ? 'fault' : 'full';
const seed = take('--seed', 1)?.[0] ?? String(Date.now() % 1_000_000);
console.log(`${all ? 'every point' : 'a sample'}, seed ${seed}`);
const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, `test/${project}/crash-`, ...args], {
  cwd: root, stdio: 'inherit', env: { ...process.env, COFFER_TEST_SEED: seed, COFFER_TEST_VERBOSE: '1', ...(all ? { COFFER_TEST_MATRIX: 'full' } : {}) },
});
child.on('exit', (code) => { process.exitCode = code ?? 1; });
