import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareServerPort } from './ports.ts';

export interface BareServer { url: string; stop(): Promise<void> }

/** In a process of its own, as the gateway is. */
export async function startBareServer(answer: string): Promise<BareServer> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-bench-'));
  const file = join(folder, 'answer.json');
  await writeFile(file, answer);
  const child = spawn(process.execPath, [join(import.meta.dirname, '../bare/server.ts'), String(bareServerPort), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    url: `http://127.0.0.1:${bareServerPort}/`,
    async stop() {
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
