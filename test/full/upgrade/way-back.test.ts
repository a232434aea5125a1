/** An upgrade that fails while the instance has a group that no start had shown yet: its way back does not leave the engine down for it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { create, finish, psql, show, succeed, until } from '../../support/actions.ts';
import { attachGroup, makeGroup, patchGroup } from '../../support/groups.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { checkUpgrade, upgrade, upgraded } from '../../support/upgrade.ts';

const datastore = 'postgresql';
const [from, to] = ['15', '17'];
/** Within the catalogue's bounds; only a start can tell that the machine has not so much shared memory. */
const hope = { name: 'max_locks_per_transaction', value: 2_000_000_000 };

let coffer: Installation;
let id: string;
let group: string;
let ask: (sql: string) => Promise<string>;
const conditionOf = (instance: any, type: string): any => instance.conditions.find((one: any) => one.type === type);

beforeAll(async () => {
  coffer = await startInstallation();
  const made = await create(coffer.client, { name: 'hopeful', datastore, version: from, flavor: 'nano', databases: [{ name: 'app' }], users: [{ name: 'anna', databases: ['app'] }] });
  ({ id } = made);
  await succeed(coffer.client, made.operationId);
  ask = async (sql) => psql(enginesFolder, await show(coffer.client, id), { user: 'anna', password: made.passwords['anna']!, database: 'app' }, sql);
  await ask("create table kept as select 'here'::text as word");
  group = await makeGroup(coffer.client, { name: 'hope', datastore, version: from, values: [{ name: 'work_mem', value: '5MB' }] });
  await attachGroup(coffer.client, id, group);
});
afterAll(async () => { await coffer?.remove(); });

it('runs with the values that it ran with, in its old version, and says what it did not start with', async () => {
  const before = await show(coffer.client, id);
  await patchGroup(coffer.client, group, { set: [hope] });
  await until(coffer.client, id, (one) => conditionOf(one, 'RestartRequired') !== undefined);
  expect((await checkUpgrade(coffer.client, { instanceId: id, version: to, configuration: {} })).findings).toContainEqual({ severity: 'WARNING', subject: 'configuration', message: expect.stringContaining(hope.name) });

  const answer = await upgrade(coffer.client, { instanceId: id, version: to, configuration: {} });
  expect(await finish(coffer.client, answer.operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START', message: expect.stringContaining('shared memory') } });
  await until(coffer.client, id, (one) => one.status === 'ACTIVE' && conditionOf(one, 'ConfigurationRejected') !== undefined);
  const after = await show(coffer.client, id);
  expect(after).toMatchObject({ build: before.build, datastoreVersion: { name: from }, endpoints: before.endpoints });
  expect(conditionOf(after, 'ConfigurationRejected').message).toContain('shared memory');
  expect(await ask("select word || ' ' || current_setting('work_mem') || ' ' || (current_setting('max_locks_per_transaction')::int < 1000) from kept")).toBe('here 5MB true');
  expect(await readdir(join(coffer.home, 'instances', id, 'volume'))).toEqual(['data']);
});

it('does not stop again for a group that is known to be rejected; mended, it comes to the new version', async () => {
  const { findings } = await checkUpgrade(coffer.client, { instanceId: id, version: to, configuration: {} });
  expect(findings).toContainEqual({ severity: 'ERROR', subject: 'configuration', message: expect.stringContaining('shared memory') });
  await patchGroup(coffer.client, group, { unset: [hope.name] });
  await until(coffer.client, id, (one) => conditionOf(one, 'ConfigurationRejected') === undefined);
  await upgraded(coffer.client, { instanceId: id, version: to, configuration: {} });
  expect(await ask("select word || ' ' || current_setting('work_mem') || ' ' || current_setting('server_version_num')::int / 10000 from kept")).toBe(`here 5MB ${to}`);
});
