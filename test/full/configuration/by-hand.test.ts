/** What somebody changes in an engine behind Coffer's back is told, until it is undone. The agent looks once a minute. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binary, create, enginePid, show, succeed, until } from '../../support/actions.ts';
import { action } from '../../support/documents.ts';
import { attachGroup, detachGroup, makeGroup } from '../../support/groups.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { lookIntoStore } from '../../support/store-look.ts';

const run = promisify(execFile);

const lookMs = 100_000;
let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

const drifted = (instance: any): any => instance.conditions.find((one: any) => one.type === 'ConfigurationDrifted');
const parameter = async (id: string, name: string): Promise<any> =>
  (await coffer.client.query('query ($id: ID!, $name: String!) { instance(by: { id: $id }) { effectiveParameters(search: $name) { edges { node { name value source wanted drifted } } } } }', { id, name }))
    .instance.effectiveParameters.edges.map(({ node }: any) => node).find((one: any) => one.name === name);

it('a value changed by hand is told by name and with its source, and no longer once it is undone', { timeout: 3 * lookMs }, async () => {
  const [datastore, version] = ['postgresql', '17'];
  const configurationId = await makeGroup(coffer.client, { name: 'watched', datastore, version, values: [{ name: 'work_mem', value: '5MB' }] });
  const { id, operationId } = await create(coffer.client, { name: 'watched', datastore, version, flavor: 'nano', configurationId });
  await succeed(coffer.client, operationId);
  const file = join(coffer.home, 'instances', id, 'config', 'postgresql.conf');
  const rewrite = async (from: string, to: string): Promise<void> => {
    const text = await readFile(file, 'utf8');
    expect(text).toContain(from);
    await writeFile(file, text.replace(from, to));
    process.kill(await enginePid(id), 'SIGHUP');
  };
  expect(await parameter(id, 'work_mem')).toMatchObject({ value: '5120', source: 'GROUP', drifted: false });

  await rewrite("work_mem = '5120'", "work_mem = '7000'");
  const seen = await until(coffer.client, id, (one) => drifted(one) !== undefined, lookMs);
  expect(drifted(seen)).toMatchObject({ reason: 'ChangedByHand', message: expect.stringContaining('work_mem') });
  expect(seen.status).toBe('ACTIVE');
  expect(await parameter(id, 'work_mem')).toMatchObject({ value: '7000', source: 'HAND', drifted: true });

  await rewrite("work_mem = '7000'", "work_mem = '5120'");
  await until(coffer.client, id, (one) => drifted(one) === undefined, lookMs);
  expect(await parameter(id, 'work_mem')).toMatchObject({ value: '5120', source: 'GROUP', drifted: false });
});

it('a group that the files have and the instance is not to have, as after a store that was put back, is told until it is detached', { timeout: 2 * lookMs }, async () => {
  const [datastore, version] = ['redis', '8'];
  const configurationId = await makeGroup(coffer.client, { name: 'forgotten', datastore, version, values: [{ name: 'hz', value: '20' }] });
  const { id, operationId } = await create(coffer.client, { name: 'forgotten', datastore, version, flavor: 'nano' });
  await succeed(coffer.client, operationId);
  await attachGroup(coffer.client, id, configurationId);
  await lookIntoStore(coffer, 'update instance set configuration_id = null, configuration_revision = null where id = $1', [id]);
  const seen = await until(coffer.client, id, (one) => drifted(one) !== undefined, lookMs);
  expect(drifted(seen)).toMatchObject({ reason: 'GroupDiffers', message: expect.stringContaining(configurationId) });
  expect(await parameter(id, 'hz')).toMatchObject({ value: '20' });

  await detachGroup(coffer.client, id);
  await until(coffer.client, id, (one) => drifted(one) === undefined, lookMs);
  expect(await parameter(id, 'hz')).toMatchObject({ value: '10', source: 'DEFAULT' });
});

it.each([['mysql', '9.7', 'mysql'], ['mariadb', '11.8', 'mariadb']])('values of the flavor that the machine\'s root changes in %s %s are told, and lost at its next start', { timeout: 2 * lookMs }, async (datastore, version, client) => {
  const { id, operationId } = await create(coffer.client, { name: `by-hand-${datastore}`, datastore, version, flavor: 'micro' });
  await succeed(coffer.client, operationId);
  const [folder, { build }] = [join(coffer.home, 'instances', id), await show(coffer.client, id)];
  const read = async (file: string): Promise<any> => JSON.parse(await readFile(join(folder, 'agent', file), 'utf8'));
  await expect.poll(async () => (await read('state.json')).sized, { timeout: 20_000 }).not.toBeNull();
  const { managementSecret } = await read('secrets.json');
  const { max_connections: connections, innodb_buffer_pool_size: pool } = (await read('state.json')).inForce.sizing;
  const program = await binary(enginesFolder, build, client);
  const set = (name: string, value: number): Promise<unknown> => run(program, ['--no-defaults', `--socket=${folder}/run/server.sock`, '--user=coffer', '--execute', `set global ${name} = ${value}`], { env: { MYSQL_PWD: managementSecret } });
  expect(drifted(await show(coffer.client, id))).toBeUndefined();

  const less = Number(pool) - 16 * 1024 ** 2;
  await set('max_connections', Number(connections) + 7);
  await set('innodb_buffer_pool_size', less);
  const seen = await until(coffer.client, id, (one) => drifted(one) !== undefined, lookMs);
  expect(drifted(seen)).toMatchObject({ reason: 'ChangedByHand', message: expect.stringContaining('innodb_buffer_pool_size, max_connections.') });
  expect(seen.status).toBe('ACTIVE');
  expect(await parameter(id, 'innodb_buffer_pool_size')).toMatchObject({ value: String(less), source: 'HAND', wanted: pool, drifted: true });

  const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
  await succeed(coffer.client, restartInstance.operation.id);
  await until(coffer.client, id, (one) => drifted(one) === undefined, lookMs);
  expect(await parameter(id, 'innodb_buffer_pool_size')).toMatchObject({ value: pool, source: 'FLAVOR', drifted: false });
});
