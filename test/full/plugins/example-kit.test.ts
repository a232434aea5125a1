import { join } from 'node:path';
import { expect, it } from 'vitest';
import { enginesFolder, ROOT } from '../../support/installation.ts';
import { createPluginFolder } from '../../support/plugin-folder.ts';
import { generatePackages } from '../../support/plugin-packages.ts';

it.each([
  ['while things go wrong', ['static', 'fault']],
  ['as everybody runs it', ['static', 'engine']],
  ['where agent and engine are one user', ['static', 'engine', '--one-user']],
])('the example passes the kit %s', async (_circumstance, args) => {
  await generatePackages();
  const folder = await createPluginFolder(join(ROOT, 'examples/plugins/valkey'), enginesFolder);
  try {
    const { code, report } = await folder.kit(...args, '--first-port', '21667');
    expect(report.results.filter(({ state }) => state === 'failed' || state === 'warned')).toEqual([]);
    expect(code).toBe(0);
  } finally {
    await folder.remove();
  }
}, 600_000);
