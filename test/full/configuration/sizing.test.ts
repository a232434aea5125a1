/** What follows from the flavor is what every engine tells of itself, word for word: so a change by hand can be told, and nothing else is taken for one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtIn } from '../../../strategies/datastores/built-in.ts';
import { create, remove, show, succeed } from '../../support/actions.ts';
import { startInstallation, type Installation } from '../../support/installation.ts';

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

const tracks = (await Promise.all(Object.entries(builtIn).map(async ([datastore, load]) => (await load()).default.manifest.tracks.map(({ name }) => [datastore, name] as const)))).flat();

it.each(tracks.flatMap((track) => ['micro', 'medium'].map((flavor) => [...track, flavor] as const)))('of %s %s on %s', async (datastore, version, flavor) => {
  const { id, operationId } = await create(coffer.client, { name: `sized-${datastore}`, datastore, version, flavor });
  await succeed(coffer.client, operationId);
  const state = async (): Promise<any> => JSON.parse(await readFile(join(coffer.home, 'instances', id, 'agent/state.json'), 'utf8'));
  await expect.poll(async () => (await state()).sized, { timeout: 20_000 }).not.toBeNull();
  const { sized, inForce } = await state();
  const specs = await (await builtIn[datastore]!()).default.control.parameters!({ track: version });
  const known = specs.filter(({ name, owned }) => owned === undefined && Object.hasOwn(inForce.sizing, name)).map(({ name }) => name);
  expect(known.length).toBeGreaterThan(5);
  expect(Object.keys(sized.values).sort()).toEqual(known.sort());
  expect((await show(coffer.client, id)).conditions.map((one: any) => one.type)).not.toContain('ConfigurationDrifted');
  await remove(coffer.client, id);
}, 180_000);
