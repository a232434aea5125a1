/**
 * Makes the code that is derived from contracts and not kept in git. What is up to date is skipped.
 *
 *     node codegen.ts              whatever is out of date
 *     node codegen.ts --force      everything
 *     node codegen.ts baseline     accepts today's gRPC contracts as what `buf breaking` compares with: at a release
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BASELINE, runBuf } from './scripts/buf.ts';
import { type GenerationStep, STEPS } from './scripts/codegen/steps.ts';
import { fingerprint, readStamp, writeStamp } from './scripts/fingerprint.mjs';
import { ROOT } from './scripts/run.ts';

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}

async function generate(step: GenerationStep, isForced: boolean): Promise<void> {
  const wanted = [fingerprint(ROOT, step.inputs), ...step.packages.map((name) => `${name}@${versionOf(name)}`)].join(' ');
  const stamp = join(ROOT, step.output, '.stamp');
  if (!isForced && readStamp(stamp) === wanted) return;
  const start = performance.now();
  rmSync(stamp, { force: true });
  await step.run();
  writeStamp(stamp, wanted);
  console.log(`generated ${step.name} in ${step.output} (${Math.round(performance.now() - start)} ms)`);
}

const [command] = process.argv.slice(2);
try {
  if (command === 'baseline') {
    await runBuf(['build', '-o', BASELINE]);
    console.log('proto/baseline.binpb holds today’s contracts');
  } else {
    const isForced = command === '--force';
    await Promise.all(STEPS.filter((step) => step.isWanted()).map((step) => generate(step, isForced)));
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
