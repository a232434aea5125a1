/** The bootstrap on a Node that cannot exec: a parent that is not noticed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const LAUNCH = new URL('../../../scripts/bootstrap/launch.mjs', import.meta.url).href;

/** Our script as an old Node would run it, around a program of this text. */
function bootstrap(program: string): ChildProcess {
  const parent = `process.execve = undefined;
    const { launch } = await import('${LAUNCH}');
    process.exitCode = await launch(process.execPath, ['--input-type=module', '--eval', ${JSON.stringify(program)}], '/');`;
  return spawn(process.execPath, ['--input-type=module', '--eval', parent], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outcomeOf(child: ChildProcess): Promise<{ code: number; output: string }> {
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

const COUNTS_SIGNALS = `let seen = 0;
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { seen++; setTimeout(() => { console.log(name, seen); process.exit(4); }, 300); });
  console.log('ready'); setTimeout(() => {}, 10_000);`;

test('the exit code is the program’s', async () => {
  expect(await outcomeOf(bootstrap('console.log(1); process.exit(7)'))).toEqual({ code: 7, output: '1\n' });
});

test('a program that a signal ended is reported as shells do', async () => {
  expect(await outcomeOf(bootstrap("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({ code: 137 });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s is passed on, once when it comes twice', async (signal) => {
  const child = bootstrap(COUNTS_SIGNALS);
  await once(child.stdout!, 'data');
  const outcome = outcomeOf(child);
  child.kill(signal);
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill(signal);
  expect(await outcome).toEqual({ code: 4, output: `${signal} 1\n` });
});
