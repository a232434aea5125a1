import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { Failure, usageFailure } from '../failure.ts';

/** As the template calls itself; every mention becomes the new name. */
const templateName = 'my-engine';
const templateTitle = 'My engine';

export function addPluginCommands(program: Command, kit: Kit): void {
  const plugin = program.command('plugin').description('for authors of datastore plugins');
  const init = plugin.command('init').description('begin a datastore plugin: a package that works and passes the conformance kit, to be changed into yours')
    .argument('<name>', 'of the datastore: lower-case letters, digits and dashes; its package is coffer-plugin-<name>')
    .option('--into <folder>', 'where it is made (a folder of that name here)')
    .action(action<{ into?: string }, [string]>(kit, async (session, { into }, name) => {
      const folder = resolve(into ?? name);
      const files = await writePlugin(name, folder);
      const shown = relative(process.cwd(), folder) || '.';
      if (session.isJson) return session.terminal.json({ folder, files });
      session.terminal.line(`${name} is in ${shown}: ${files.length} files`);
      session.terminal.note(['Next, with the packages of your checkout of Coffer:', `  cd ${shown}`, '  npm install --no-save <checkout>/sdk <checkout>/kit', '  npm test -- static'].join('\n'));
    }));
  addExamples(init, [{ description: 'coffer plugin init my-engine' }]);
}

async function writePlugin(name: string, folder: string): Promise<string[]> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) throw usageFailure(`"${name}" cannot name a plugin`, 'Lower-case letters, digits and dashes, at most 63, beginning with a letter');
  if ((await readdir(folder).catch((): string[] => [])).length > 0) throw usageFailure(`${folder} is not empty`, 'Name another folder with --into');
  const template = templateFolder();
  const title = `${name[0]?.toUpperCase() ?? ''}${name.slice(1).replaceAll('-', ' ')}`;
  const files = (await readdir(template)).sort();
  await mkdir(folder, { recursive: true });
  for (const file of files) {
    const text = await readFile(join(template, file), 'utf8');
    await writeFile(join(folder, file), text.replaceAll(templateName, name).replaceAll(templateTitle, title));
  }
  await writeFile(join(folder, '.gitignore'), 'node_modules/\n');
  return [...files, '.gitignore'];
}

/** Beside the bundle, or in the checkout. */
function templateFolder(): string {
  const here = import.meta.dirname;
  const found = ['plugin-template', '../plugin-template', '../../kit/template'].map((path) => join(here, path)).find((path) => existsSync(join(path, 'manifest.js')));
  if (!found) throw new Failure('this client came without the template of plugins', { remedy: 'Use the client of a checkout: npx coffer plugin init' });
  return found;
}
