/** A new build of the version that a running database has, through the public API; a stock client goes on asking. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Login, StockClient } from '../../../strategies/conformance/index.ts';
import { create, finish, processesOf, show, succeed } from '../../support/actions.ts';
import { makeGroup } from '../../support/groups.ts';
import { linkEngines, type OwnDirectory } from '../../support/further-builds.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';
import { checkUpgrade, upgrade, upgraded } from '../../support/upgrade.ts';

/** `folder`: the instance's, on its host. */
export interface Place { folder: string; login: Login }
export interface NewBuildCase {
  datastore: string; version: string;
  builds(folder: string): Promise<{ former: OwnDirectory; next: OwnDirectory }>;
  /** of the instance as it is shown; `caFile` holds its CA */
  client(instance: any, caFile: string): StockClient;
  /** what a group has in force, if there are groups */
  group?: { name: string; value: string };
  /** something that is vetoed, with what is told of it, and how it is made good again */
  veto: { make(place: Place): Promise<unknown>; unmake(place: Place): Promise<unknown>; subject: RegExp; words: RegExp };
  /** of the instance with the new build */
  after(place: Place): Promise<void>;
}

const INSTALL = 'mutation ($input: InstallEngineInput!) { result: installEngine(input: $input) { ... on InstallEnginePayload { operation { id } } ... on Error { message } } }';
const SEEN = 'query ($id: ID!) { instance(by: { id: $id }) { newerBuild configuration { name values { name value } } } }';

const knockMs = 20;
async function isOpen({ host, port }: { host: string; port: number }): Promise<boolean> {
  await delay(knockMs);
  return new Promise((resolve) => {
    const socket = connect(port, host, () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  });
}

export const defineNewBuild = ({ datastore, version, builds, client: clientOf, group, veto, after }: NewBuildCase) => describe(`a new build of ${datastore} ${version}`, () => {
  let coffer: Installation;
  let folder: string;
  let client: StockClient;
  let next: OwnDirectory;
  let id = '';
  let place: Place;
  const now = () => show(coffer.client, id);
  const seen = async (): Promise<any> => (await coffer.client.query(SEEN, { id })).instance;
  const pathsTo = ({ bin }: OwnDirectory) => ({ COFFER_ENGINE_PATHS: `${datastore}/${version}=${bin}` });
  const enginePids = async (): Promise<number[]> => (await processesOf(id)).filter(({ command }) => !/agent\.mjs/.test(command)).map(({ pid }) => pid);
  const expectUntouched = async (before: any): Promise<void> => {
    expect(await now()).toMatchObject({ status: 'ACTIVE', build: before.build, endpoints: before.endpoints });
    expect(await client.read(place.login, 'kept')).toBe('here');
    expect(await readdir(join(place.folder, 'volume'))).toEqual(['data']);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coffer-new-build-'));
    const own = await builds(join(folder, 'own'));
    next = own.next;
    coffer = await startInstallation({ env: { COFFER_ENGINES_FOLDER: await linkEngines(folder) }, start: false });
    await coffer.start(pathsTo(own.former));
    // From birth, so that nothing waits for a start.
    const configurationId = group && await makeGroup(coffer.client, { name: 'values', datastore, version, values: [group] });
    const made = await create(coffer.client, { name: `${datastore}-up`, datastore, version, flavor: 'medium', databases: [{ name: 'app' }], users: [{ name: 'anna' }], ...(configurationId && { configurationId }) });
    id = made.id;
    place = { folder: join(coffer.home, 'instances', id), login: { user: 'anna', password: made.passwords['anna']!, database: 'app' } };
    await succeed(coffer.client, made.operationId);
    expect((await now()).build).toMatch(`${datastore}-${own.former.version}-`);
    const instance = await now();
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, instance.caCertificate);
    client = clientOf(instance, caFile);
    await client.write(place.login, 'kept', 'here');
    // The operator names another directory, and installs what is there.
    await coffer.end();
    await coffer.start(pathsTo(next));
    await succeed(coffer.client, (await coffer.client.query(INSTALL, { input: { datastore, version } })).result.operation.id);
    expect((await seen()).newerBuild).toMatch(`${datastore}-${next.version}-`);
  }, 600_000);
  afterAll(async () => {
    await coffer?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('is asked in a dry run what it would take, and nothing changes', async () => {
    const [before, pids] = [await now(), await enginePids()];
    const { findings, estimate } = await checkUpgrade(coffer.client, { instanceId: id, version });
    expect(findings).toEqual([]);
    expect(estimate.dataBytes).toBeGreaterThan(0);
    await expectUntouched(before);
    expect(await enginePids()).toEqual(pids);
  });

  it('is vetoed in words that help, and nothing has stopped', async () => {
    const [before, pids] = [await now(), await enginePids()];
    await veto.make(place);
    const asked = await checkUpgrade(coffer.client, { instanceId: id, version });
    expect(asked.findings).toEqual([{ severity: 'ERROR', subject: expect.stringMatching(veto.subject), message: expect.stringMatching(veto.words) }]);
    const answer = await upgrade(coffer.client, { instanceId: id, version });
    const operation = await finish(coffer.client, answer.operation.id);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.STATE', message: expect.stringMatching(veto.words) } });
    expect(operation.steps.find(({ name }) => name === 'stop')?.state).not.toBe('SUCCEEDED');
    await expectUntouched(before);
    expect(await enginePids()).toEqual(pids);
    await veto.unmake(place);
  });

  it('that does not start leaves the former one, with the data as they were', async () => {
    const before = await now();
    await writeFile(next.broken, '');
    const answer = await upgrade(coffer.client, { instanceId: id, version });
    const operation = await finish(coffer.client, answer.operation.id, 400_000);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START' } });
    expect(operation.fault!.message).not.toContain('undoing');
    await expectUntouched(before);
    await rm(next.broken);
  });

  it('has data, users, passwords, endpoints and values of the former one, after one interruption', async () => {
    const before = await now();
    const loop = new AbortController();
    const [doors, words]: [boolean[], Set<string | null>] = [[], new Set()];
    // A driver may wait until the server is back: whether the door is open is seen without one.
    const knocking = (async () => { while (!loop.signal.aborted) doors.push(await isOpen(before.endpoints[0])); })();
    const asking = (async () => { while (!loop.signal.aborted) await client.read(place.login, 'kept').then((word) => words.add(word), () => undefined); })();
    const { operation } = await upgraded(coffer.client, { instanceId: id, version });
    loop.abort();
    await Promise.all([knocking, asking]);
    expect(doors.filter((isThere, at) => at > 0 && isThere !== doors[at - 1])).toEqual([false, true]);
    expect([...words]).toEqual(['here']);
    const { node } = await coffer.client.query('query ($id: ID!) { node(id: $id) { ... on Operation { interruptionMs } } }', { id: operation.id });
    expect(node.interruptionMs).toBeGreaterThan(0);

    expect(await now()).toMatchObject({ id, name: before.name, status: 'ACTIVE', fault: null, endpoints: before.endpoints, datastoreVersion: { name: version }, build: expect.stringMatching(`${datastore}-${next.version}-`) });
    expect(await client.read(place.login, 'kept')).toBe('here');
    await expect(client.read({ ...place.login, password: 'not the password' }, 'kept')).rejects.toThrow();
    await client.write(place.login, 'fresh', 'there');
    expect(await client.read(place.login, 'fresh')).toBe('there');
    expect(await readdir(join(place.folder, 'volume'))).toEqual(['data']);
    expect(await seen()).toMatchObject({ newerBuild: null, configuration: group ? { name: 'values', values: [group] } : null });
    await after(place);
    expect(await upgrade(coffer.client, { instanceId: id, version })).toMatchObject({ __typename: 'PreconditionError', message: expect.stringContaining('newest build') });
  });
});
