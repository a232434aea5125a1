import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BareWork } from '../bare/driver.ts';

export type { BareWork };

export async function runBareDriver(work: BareWork, seconds: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../bare/driver.ts'), String(seconds)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
  child.stdin.end(JSON.stringify(work));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`the bare driver loop ended with ${code}`);
  return (JSON.parse(output) as { perSecond: number }).perSecond;
}
