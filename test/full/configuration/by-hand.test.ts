/** What somebody changes in an engine behind Coffer's back is told, until it is undone. The agent looks once a minute. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { create, enginePid, succeed, until } from '../../support/actions.ts';
import { startInstallation, type Installation } from '../../support/installation.ts';

const lookMs = 100_000;
let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

it('a value changed by hand is told by name and with its source, and no longer once it is undone', { timeout: 3 * lookMs }, async () => {
  const [datastore, version] = ['postgresql', '17'];
  const { result } = await coffer.client.query('mutation ($input: CreateConfigurationInput!) { result: createConfiguration(input: $input) { ... on CreateConfigurationPayload { configuration { id } } } }',
    { input: { name: 'watched', datastore, version, values: [{ name: 'work_mem', value: '5MB' }] } });
  const { id, operationId } = await create(coffer.client, { name: 'watched', datastore, version, flavor: 'nano', configurationId: result.configuration.id });
  await succeed(coffer.client, operationId);
  const file = join(coffer.home, 'instances', id, 'config', 'postgresql.conf');
  const rewrite = async (from: string, to: string): Promise<void> => {
    const text = await readFile(file, 'utf8');
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
    process.kill(await enginePid(id), 'SIGHUP');
  };
  const drifted = (instance: any): any => instance.conditions.find((one: any) => one.type === 'ConfigurationDrifted');
  const parameter = async (): Promise<unknown> =>
    (await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { effectiveParameters(search: "work_mem") { edges { node { name value source wanted drifted } } } } }', { id }))
      .instance.effectiveParameters.edges.map(({ node }: any) => node).find(({ name }: any) => name === 'work_mem');
  expect(await parameter()).toMatchObject({ value: '5120', source: 'GROUP', drifted: false });

  await rewrite("work_mem = '5120'", "work_mem = '7000'");
  const seen = await until(coffer.client, id, (one) => drifted(one) !== undefined, lookMs);
  expect(drifted(seen)).toMatchObject({ reason: 'ChangedByHand', message: expect.stringContaining('work_mem') });
  expect(seen.status).toBe('ACTIVE');
  expect(await parameter()).toMatchObject({ value: '7000', source: 'HAND', drifted: true });

  await rewrite("work_mem = '7000'", "work_mem = '5120'");
  await until(coffer.client, id, (one) => drifted(one) === undefined, lookMs);
  expect(await parameter()).toMatchObject({ value: '5120', source: 'GROUP', drifted: false });
});
