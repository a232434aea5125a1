import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import type { BuildRecord } from '../../../strategies/sources/build-record.ts';
import { createBuildShelf } from '../../../strategies/sources/build-shelf.ts';

const id = 'engine-17.1-0';
const recordOf = (prefix: string): BuildRecord => {
  const versionCommand = { binary: 'engined', args: ['--version'], pattern: 'v([0-9.]+)' };
  return {
    format: 1, recipe: 'r', files: [], spec: { kind: 'debian', suite: 'trixie', packages: ['engine'], binDir: 'usr/bin', versionCommand },
    build: { id, datastore: 'engine', track: '17', version: '17.1', prefix, binDir: join(prefix, 'usr/bin'), closureHash: 'h', source: 'debian', packages: [], installedAt: '2026-11-20T00:00:00.000Z' },
  };
};
const knownBelow = async (root: string): Promise<string[]> => (await createBuildShelf(root, silentLog).known()).map((record) => record.build.prefix);

let folder: string;
let prefix: string;
const below = async (name: string): Promise<string> => {
  await mkdir(join(folder, name, 'builds'), { recursive: true });
  return join(folder, name);
};
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'coffer-shelf-')));
  const root = await below('first');
  prefix = join(root, 'builds', id);
  await mkdir(prefix);
  await createBuildShelf(root, silentLog).publish(recordOf(prefix));
  expect(await knownBelow(root)).toEqual([prefix]);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a build that another folder links to can be used there, at the place it was made for', async () => {
  const other = await below('other');
  await symlink(prefix, join(other, 'builds', id));
  expect(await knownBelow(other)).toEqual([prefix]);
});

it('a build that was copied or moved cannot be used', async () => {
  const [copied, moved] = [await below('copied'), await below('moved')];
  await cp(prefix, join(copied, 'builds', id), { recursive: true });
  expect(await knownBelow(copied)).toEqual([]);
  await cp(prefix, join(moved, 'builds', id), { recursive: true });
  await rm(prefix, { recursive: true });
  expect(await knownBelow(moved)).toEqual([]);
});
