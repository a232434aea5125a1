/** What is built must be small for those that run it: there is one agent for every database. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/installation.ts';

const pathsOf = (pattern: string): Promise<string[]> => Array.fromAsync(glob(pattern, { cwd: ROOT }));
const textOf = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

it('what engines can be told is there as JSON: as code it would take five times the memory', async () => {
  const catalogues = await pathsOf('strategies/datastores/*/catalogue/*.json');
  expect(catalogues.length).toBeGreaterThan(5);
  const built = new Set(await Promise.all((await pathsOf('dist/chunks/*.json')).map(textOf)));
  const isBuilt = await Promise.all(catalogues.map(async (path) => built.has(await textOf(path))));
  expect(catalogues.filter((_, index) => !isBuilt[index])).toEqual([]);
});
