/** Another version of a running database, through the public API, with stock clients that go on asking. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, finish, processesOf, show, succeed } from '../../support/actions.ts';
import { attachGroup, makeGroup } from '../../support/groups.ts';
import { checkUpgrade, upgrade, upgraded } from '../../support/upgrade.ts';
import { startInstallation, type Installation } from '../../support/installation.ts';

interface Login { user: string; password: string; database?: string }
export interface UpgradeCase<Seen> {
  datastore: string; from: string; to: string;
  databases?: object[];
  group: { name: string; value: string };
  /** of the new version: in the catalogue's bounds, and not to the taste of the engine's parser, or of its start */
  poison: { name: string; value: unknown };
  refusal: 'ENGINE.REFUSED' | 'ENGINE.FAILED_TO_START';
  /** what is vetoed, and how it is made good again; `subject` as a finding has it */
  veto?: { make(instance: any, login: Login): Promise<unknown>; unmake(instance: any, login: Login): Promise<unknown>; subject: unknown; words: RegExp };
  /** what a dry run tells of the data, and does not mind */
  warnings?: { subject: string }[];
  write(instance: any, login: Login): Promise<unknown>;
  read(instance: any, login: Login): Promise<string>;
  /** what a client sees just before and just after, and what has to hold of the two */
  look?(instance: any, login: Login): Promise<Seen>;
  judge?(before: Seen, after: Seen): void;
}

/** Without the agent. */
const enginePids = async (id: string): Promise<number[]> => (await processesOf(id)).filter(({ command }) => !/agent\.mjs/.test(command)).map(({ pid }) => pid);

export const defineUpgrade = <Seen>({ datastore, from, to, databases, group, poison, refusal, veto, warnings = [], write, read, look, judge }: UpgradeCase<Seen>) => describe(`${datastore} ${from} to ${to}`, () => {
  let coffer: Installation;
  const volumeOf = (id: string): Promise<string[]> => readdir(join(coffer.home, 'instances', id, 'volume'));
  afterAll(async () => { await coffer?.remove(); });
  let id = '';
  /** the group of the new version */
  const follower = `${datastore}-values-${to.replaceAll('.', '-')}`;
  /** on the volume */
  let usual: string[];
  let login: Login;
  const now = () => show(coffer.client, id);

  beforeAll(async () => {
    coffer = await startInstallation();
    const made = await create(coffer.client, { name: `${datastore}-up`, datastore, version: from, flavor: 'nano', ...(databases ? { databases } : {}), users: [{ name: 'anna' }] });
    id = made.id;
    login = { user: 'anna', password: made.passwords['anna']!, ...(databases ? { database: 'app' } : {}) };
    await succeed(coffer.client, made.operationId);
    await write(await now(), login);
    usual = await volumeOf(id);
    expect(usual).toContain('data');
    await attachGroup(coffer.client, id, await makeGroup(coffer.client, { name: `${datastore}-values`, datastore, version: from, values: [group] }));
  });

  it('refuses what can be known beforehand, and says what is possible', async () => {
    expect((await upgrade(coffer.client, { instanceId: id, version: to })).issues).toMatchObject([{ path: ['input', 'configuration'], message: expect.stringContaining(`${datastore}-values`) }]);
    expect(await upgrade(coffer.client, { instanceId: id, version: from })).toMatchObject({ __typename: 'PreconditionError', message: expect.stringContaining('newest build') });
    expect(await upgrade(coffer.client, { instanceId: id, version: '99' })).toMatchObject({ __typename: 'NotFoundError' });
  });

  it('tells in a dry run what it would take, and changes nothing', async () => {
    const before = await now();
    const { operation, findings, estimate } = await checkUpgrade(coffer.client, { instanceId: id, version: to, configuration: {} });
    expect(operation.steps.map(({ name }) => name)).toEqual(['install-engine', 'check']);
    expect(findings).toMatchObject([{ severity: 'WARNING', subject: follower }, ...warnings.map((one) => ({ severity: 'WARNING', ...one }))]);
    expect(estimate).toMatchObject({ dataBytes: expect.any(Number), reflink: expect.any(Boolean) });
    expect(estimate.dataBytes).toBeGreaterThan(0);
    expect(await now()).toMatchObject({ build: before.build, endpoints: before.endpoints });
    expect(await volumeOf(id)).toEqual(usual);
  });

  it('does not stop for what the engine would veto, and says why in its words', async (test) => {
    if (!veto) return test.skip();
    const before = await now();
    const engine = await enginePids(id);
    await veto.make(before, login);
    const asked = await checkUpgrade(coffer.client, { instanceId: id, version: to, configuration: {} });
    expect(asked.findings).toContainEqual({ severity: 'ERROR', subject: veto.subject, message: expect.stringMatching(veto.words) });
    const answer = await upgrade(coffer.client, { instanceId: id, version: to, configuration: {} });
    expect(await finish(coffer.client, answer.operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE', message: expect.stringMatching(veto.words) } });
    expect(await enginePids(id)).toEqual(expect.arrayContaining([engine[0]]));
    expect(await now()).toMatchObject({ status: 'ACTIVE', build: before.build });
    expect(await volumeOf(id)).toEqual(usual);
    await veto.unmake(before, login);
  });

  it('is as it was when the new engine does not take its values', async () => {
    const before = await now();
    const configurationId = await makeGroup(coffer.client, { name: `${datastore}-poison`, datastore, version: to, values: [poison] });
    const answer = await upgrade(coffer.client, { instanceId: id, version: to, configuration: { configurationId } });
    const operation = await finish(coffer.client, answer.operation.id);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: refusal, message: expect.stringContaining(refusal === 'ENGINE.REFUSED' ? poison.name : 'shared memory') } });
    expect(operation.fault!.message).not.toContain('undoing');
    const after = await now();
    expect(after).toMatchObject({ status: 'ACTIVE', build: before.build, datastoreVersion: { name: from }, endpoints: before.endpoints, fault: { code: refusal } });
    expect(await read(after, login)).toBe('here');
    expect(await volumeOf(id)).toEqual(usual);
    expect((await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { configuration { name } } }', { id })).instance.configuration.name).toBe(`${datastore}-values`);
  });

  it('has its data, users, passwords, endpoints and values in the new version, after one interruption', async () => {
    const before = await now();
    const sight = await look?.(before, login);
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
    const { node } = await coffer.client.query('query ($id: ID!) { node(id: $id) { ... on Operation { interruptionMs } } }', { id: operation.id });
    expect(node.interruptionMs).toBeGreaterThan(0);
    expect(operation.steps.find(({ name }) => name === 'verify')!.message).toContain(`interrupted for ${node.interruptionMs} ms`);

    const after = await now();
    expect(after).toMatchObject({ id, name: before.name, status: 'ACTIVE', fault: null, endpoints: before.endpoints, datastoreVersion: { name: to } });
    expect(after.build).not.toBe(before.build);
    if (look && judge) judge(sight!, await look(after, login));
    expect(await read(after, login)).toBe('here');
    expect(await volumeOf(id)).toEqual(usual);
    const { instance } = await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { configuration { name datastoreVersion { name } values { name value } } } }', { id });
    expect(instance.configuration).toMatchObject({ name: follower, datastoreVersion: { name: to }, values: [group] });
  });
});
