/** Where a secret must never be seen: what the engine logs, its configuration, and what anybody on the host can read of its processes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestHarness } from './harness.ts';

export async function leaksOf(harness: GuestHarness, secrets: readonly string[]): Promise<string[]> {
  const { logs, config } = harness.facts.paths;
  const files = (await Promise.all([logs, config].map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))))).flat();
  const pids = await harness.enginePids();
  const places = [...files, ...pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])];
  const found: string[] = [];
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => '');
    secrets.forEach((secret, index) => {
      if (text.includes(secret)) found.push(`secret ${index} in ${place}`);
    });
  }
  return found;
}
