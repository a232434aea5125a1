/** The template's engine as a plugin that can upgrade it, with a folder where later versions of its program turn up. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './installation.ts';
import { createPluginFolder } from './plugin-folder.ts';

export interface GrowingEngine {
  /** for an installation that has it, with a folder of engines of its own */
  env: Record<string, string>;
  engines: string;
  searchPaths: string[];
  /** Another version of the program, where the plugin's source looks for it. */
  offer(version: string): Promise<void>;
  /** Whether the programs that were offered can be run. */
  setUsable(isUsable: boolean): Promise<void>;
  remove(): Promise<void>;
}

export async function createGrowingEngine(): Promise<GrowingEngine> {
  const plugin = await createPluginFolder(join(ROOT, 'kit/template'));
  const [programs, engines] = [join(plugin.path, 'programs'), join(plugin.path, 'engines')];
  const searchPaths = [join(programs, 'node-*/bin')];
  await plugin.edit('manifest.js', "capabilities: ['RESIZE', 'TLS', 'USERS']", "capabilities: ['RESIZE', 'TLS', 'UPGRADE', 'USERS']");
  await plugin.edit('manifest.js', "    UPGRADE: 'there is one version of it',\n", '');
  await plugin.edit('manifest.js', "[dirname(process.execPath), '/usr/local/bin', '/usr/bin']", JSON.stringify(searchPaths));
  await plugin.edit('guest.js', '  tls: {', '  upgrade: { async check() { return []; }, async run() {}, async finish() {} },\n  tls: {');
  const offered: string[] = [];
  return {
    env: { COFFER_PLUGINS: join(plugin.path, 'index.js'), COFFER_ENGINES_FOLDER: engines }, engines, searchPaths,
    async offer(version) {
      const folder = join(programs, `node-${version}/bin`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'node'), `#!/bin/sh\n[ "$1" = --version ] && { echo v${version}; exit; }\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
      offered.push(join(folder, 'node'));
    },
    async setUsable(isUsable) { for (const path of offered) await chmod(path, isUsable ? 0o755 : 0o644); },
    remove: () => plugin.remove(),
  };
}
