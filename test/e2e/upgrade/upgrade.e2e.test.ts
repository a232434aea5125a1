/** Another version of a running database, through the public API, with stock clients that go on asking. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, finish, psql, redisCli, show, succeed } from '../../support/actions.ts';
import { upgrade, upgraded } from '../../support/upgrade.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';

interface Login { user: string; password: string; database?: string }
interface Kind {
  datastore: string; from: string; to: string;
  databases?: object[];
  group: { name: string; value: string };
  write(instance: any, login: Login): Promise<unknown>;
  read(instance: any, login: Login): Promise<string>;
}
const kinds: Kind[] = [
  {
    datastore: 'redis', from: '7', to: '8', group: { name: 'hz', value: '20' },
    write: (instance, login) => redisCli(enginesFolder, instance, login, 'set', 'kept', 'here'),
    read: (instance, login) => redisCli(enginesFolder, instance, login, 'get', 'kept'),
  },
  {
    datastore: 'postgresql', from: '15', to: '17', databases: [{ name: 'app' }], group: { name: 'work_mem', value: '5120' },
    write: (instance, login) => psql(enginesFolder, instance, login, "create table kept as select 'here' as word"),
    read: (instance, login) => psql(enginesFolder, instance, login, 'select word from kept'),
  },
];

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

const volumeOf = (id: string): Promise<string[]> => readdir(join(coffer.home, 'instances', id, 'volume'));

describe.each(kinds)('$datastore $from', ({ datastore, from, to, databases, group, write, read }) => {
  let id = '';
  let login: Login;
  const now = () => show(coffer.client, id);

  beforeAll(async () => {
    const made = await create(coffer.client, { name: `${datastore}-up`, datastore, version: from, flavor: 'nano', ...(databases ? { databases } : {}), users: [{ name: 'anna' }] });
    id = made.id;
    login = { user: 'anna', password: made.passwords['anna']!, ...(databases ? { database: 'app' } : {}) };
    await succeed(coffer.client, made.operationId);
    await write(await now(), login);
    const { result } = await coffer.client.query('mutation ($input: CreateConfigurationInput!) { result: createConfiguration(input: $input) { ... on CreateConfigurationPayload { configuration { id } } ... on Error { message } } }', { input: { name: `${datastore}-values`, datastore, version: from, values: [group] } });
    const attached = await coffer.client.query('mutation ($input: AttachConfigurationInput!) { result: attachConfiguration(input: $input) { ... on AttachConfigurationPayload { operation { id } } ... on Error { message } } }', { input: { configurationId: result.configuration.id, instanceId: id } });
    await succeed(coffer.client, attached.result.operation.id);
  });

  it('refuses what can be known beforehand, and says what is possible', async () => {
    expect((await upgrade(coffer.client, { instanceId: id, version: to })).issues).toMatchObject([{ path: ['input', 'configuration'], message: expect.stringContaining(`${datastore}-values`) }]);
    expect(await upgrade(coffer.client, { instanceId: id, version: from })).toMatchObject({ __typename: 'PreconditionError', message: expect.stringContaining('newest build') });
    expect(await upgrade(coffer.client, { instanceId: id, version: '99' })).toMatchObject({ __typename: 'NotFoundError' });
  });

  it('tells in a dry run what it would take, and changes nothing', async () => {
    const before = await now();
    const answer = await upgrade(coffer.client, { instanceId: id, version: to, dryRun: true, configuration: {} });
    const operation = await succeed(coffer.client, answer.operation.id);
    expect(operation.steps.map(({ name }) => name)).toEqual(['install-engine', 'check']);
    expect(answer).toMatchObject({ __typename: 'UpgradeInstancePayload', findings: [{ severity: 'WARNING', subject: `${datastore}-values-${to}` }], estimate: { reflink: expect.any(Boolean) } });
    expect(answer.estimate.dataBytes).toBeGreaterThan(0);
    expect(await now()).toMatchObject({ build: before.build, endpoints: before.endpoints });
    expect(await volumeOf(id)).toEqual(['data']);
  });

  it('has its data, users, passwords, endpoints and values in the new version, after one interruption', async () => {
    const before = await now();
    const loop = new AbortController();
    const seen: { at: number; isAnswered: boolean }[] = [];
    const client = (async () => {
      while (!loop.signal.aborted) {
        const isAnswered = await read(before, login).then((word) => word === 'here', () => false);
        seen.push({ at: Date.now(), isAnswered });
      }
    })();
    const { operation } = await upgraded(coffer.client, { instanceId: id, version: to, configuration: {} });
    loop.abort();
    await client;
    const changes = seen.filter((one, i) => i > 0 && one.isAnswered !== seen[i - 1]!.isAnswered);
    expect(changes.map(({ isAnswered }) => isAnswered)).toEqual([false, true]);
    const told = Number(/interrupted for (\d+) ms/.exec(operation.steps.find(({ name }) => name === 'verify')!.message ?? '')?.[1]);
    expect(told).toBeGreaterThan(0);

    const after = await now();
    expect(after).toMatchObject({ id, name: before.name, status: 'ACTIVE', fault: null, endpoints: before.endpoints, datastoreVersion: { name: to } });
    expect(after.build).not.toBe(before.build);
    expect(await read(after, login)).toBe('here');
    expect(await volumeOf(id)).toEqual(['data']);
    const { instance } = await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { configuration { name datastoreVersion { name } values { name value } } } }', { id });
    expect(instance.configuration).toMatchObject({ name: `${datastore}-values-${to}`, datastoreVersion: { name: to }, values: [group] });
  });
});
