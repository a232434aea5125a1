/** A group on an instance of Cassandra, as an operator and a stock client see it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HarnessFacts } from '../../../strategies/conformance/index.ts';
import { createDriver, type Driver } from '../../e2e/cassandra/driver.ts';
import { create, finish, show, succeed, until } from '../../support/actions.ts';
import { action } from '../../support/documents.ts';
import { makeGroup } from '../../support/groups.ts';
import { startInstallation, type Installation } from '../../support/installation.ts';

/** A start is a quarter of a minute, and minutes beside others. */
const patienceMs = 300_000;
const [datastore, version] = ['cassandra', '5.0'];

let coffer: Installation;
let id = '';
let group = '';
let before: Record<string, string> = {};
/** As the application: a driver of its own. */
let ask: (cql: string) => ReturnType<Driver['ask']>;

const acted = (name: string): string => {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation ($input: ${title}Input!) { result: ${name}(input: $input) { __typename ... on ${title}Payload { operation { id } } ... on Error { message } ... on InvalidInputError { issues { path message } } } }`;
};
const begin = async (name: string, input: object): Promise<string> => {
  const { result } = await coffer.client.query(acted(name), { input });
  if (!result.__typename.endsWith('Payload')) throw new Error(`${name} was refused: ${JSON.stringify(result)}`);
  return result.operation.id as string;
};
const done = async (name: string, input: object): Promise<void> => { await succeed(coffer.client, await begin(name, input), patienceMs); };
const restart = async () => {
  const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
  return finish(coffer.client, restartInstance.operation.id, patienceMs);
};
async function files(): Promise<Record<string, string>> {
  const folder = join(coffer.home, 'instances', id, 'config');
  return Object.fromEntries(await Promise.all((await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), 'latin1')] as const)));
}
const parameter = async (name: string): Promise<any> =>
  (await coffer.client.query('query ($id: ID!, $s: String!) { instance(by: { id: $id }) { effectiveParameters(search: $s) { edges { node { name value source pending drifted } } } } }', { id, s: name }))
    .instance.effectiveParameters.edges.map(({ node }: any) => node).find((one: any) => one.name === name);
const conditionOf = (instance: any, type: string): any => instance.conditions.find((one: any) => one.type === type);

beforeAll(async () => {
  coffer = await startInstallation();
  const made = await create(coffer.client, { name: 'tuned', datastore, version, databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] });
  id = made.id;
  await succeed(coffer.client, made.operationId, patienceMs);
  const { endpoints: [{ host, port }], caCertificate } = await show(coffer.client, id);
  const driver = createDriver({ host, ports: { cql: port }, caCertificate } as unknown as HarnessFacts);
  ask = (cql) => driver.ask({ user: 'app', password: made.passwords['app']!, database: 'shop' }, cql);
  for (const cql of ['create table shop.goods (a int primary key, b int)', 'insert into shop.goods (a, b) values (1, 2)']) await ask(cql);
  before = await files();
}, 2 * patienceMs);
afterAll(async () => { await coffer?.remove(); });

const byContent = 'select a from shop.goods where b = 2 allow filtering';
const byKeys = 'select b from shop.goods where a in (1, 2, 3)';

it('is judged before anything is done', async () => {
  const created = async (values: object[]): Promise<any> => (await coffer.client.query('mutation ($input: CreateConfigurationInput!) { result: createConfiguration(input: $input) { __typename ... on InvalidInputError { issues { message } } } }', { input: { name: 'wrong', datastore, version, values } })).result;
  for (const [name, value, words] of [['concurrent_read', '8', /did you mean.*concurrent_reads/], ['authenticator', 'AllowAllAuthenticator', /authenticator/], ['commitlog_sync', 'periodic', /survive a crash/], ['concurrent_reads', '1', /from 2 to 1024/]] as const) {
    expect(await created([{ name, value }])).toMatchObject({ __typename: 'InvalidInputError', issues: [{ message: expect.stringMatching(words) as string }] });
  }
});

it('what is live is what the application meets at once; what waits for a restart says so until one has come', { timeout: 3 * patienceMs }, async () => {
  await Promise.all([ask(byContent), ask(byKeys)]);
  group = await makeGroup(coffer.client, { name: 'strict', datastore, version, values: [{ name: 'allow_filtering_enabled', value: 'no' }, { name: 'partition_keys_in_select_fail_threshold', value: '2' }, { name: 'row_cache_size', value: '{memoryMb}MB / 64' }] });
  await done('attachConfiguration', { configurationId: group, instanceId: id });
  await expect(ask(byContent)).rejects.toThrow(/ALLOW FILTERING/i);
  await ask(byKeys);
  const waiting = await until(coffer.client, id, (one) => conditionOf(one, 'RestartRequired') !== undefined);
  expect(conditionOf(waiting, 'RestartRequired').message).toContain('partition_keys_in_select_fail_threshold');
  expect(await parameter('partition_keys_in_select_fail_threshold')).toMatchObject({ value: '-1', pending: '2', drifted: false });
  expect(await restart()).toMatchObject({ state: 'SUCCEEDED' });
  await until(coffer.client, id, (one) => conditionOf(one, 'RestartRequired') === undefined);
  await expect(ask(byKeys)).rejects.toThrow(/partition keys in IN|partition keys/i);
  expect(await parameter('partition_keys_in_select_fail_threshold')).toMatchObject({ value: '2', source: 'GROUP', pending: null, drifted: false });
  expect(await parameter('row_cache_size')).toMatchObject({ source: 'GROUP', pending: null, drifted: false });
  expect(conditionOf(await show(coffer.client, id), 'ConfigurationDrifted')).toBeUndefined();
});

it('a value that the engine refuses is a fault that names it, and nothing has changed', { timeout: patienceMs }, async () => {
  const then = await files();
  const operation = await finish(coffer.client, await begin('patchConfiguration', { configurationId: group, set: [{ name: 'column_index_size', value: '2147483646' }] }), patienceMs);
  expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringContaining('column_index_size must be positive') } });
  expect(await files()).toEqual(then);
  expect((await show(coffer.client, id)).status).toBe('ACTIVE');
});

it('a value with which it does not start is a fault of the restart with its own words, and it runs with those from before', { timeout: 3 * patienceMs }, async () => {
  const then = await files();
  await done('patchConfiguration', { configurationId: group, unset: ['column_index_size'], set: [{ name: 'data_disk_usage_max_disk_size', value: String(2 ** 52) }] });
  expect(await restart()).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringMatching(/Invalid value for data_disk_usage_max_disk_size: .* available on disk/) as string } });
  const seen = await until(coffer.client, id, (one) => one.status === 'ACTIVE' && conditionOf(one, 'ConfigurationRejected') !== undefined, patienceMs);
  expect(conditionOf(seen, 'ConfigurationRejected').message).toContain('data_disk_usage_max_disk_size');
  expect(await files()).toEqual(then);
  await expect(ask(byContent)).rejects.toThrow(/ALLOW FILTERING/i);
});

it('leaves no trace when it is detached: files byte for byte, and what the application meets', { timeout: 2 * patienceMs }, async () => {
  await done('detachConfiguration', { instanceId: id });
  expect(await files()).toEqual(before);
  await ask(byContent);
  await until(coffer.client, id, (one) => conditionOf(one, 'RestartRequired') !== undefined);
  expect(await restart()).toMatchObject({ state: 'SUCCEEDED' });
  await until(coffer.client, id, (one) => conditionOf(one, 'RestartRequired') === undefined);
  await ask(byKeys);
  expect(await files()).toEqual(before);
});
