/** A new build of a version comes to a fleet: a canary, then waves, and a halt at the first that fails. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binary, create, finish, redisCli, show, succeed } from '../../support/actions.ts';
import { linkEngines } from '../../support/further-builds.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { upgrade } from '../../support/upgrade.ts';

const ROLL_OUT = `mutation ($input: RolloutUpgradeInput!) { result: rolloutUpgrade(input: $input) { __typename ... on RolloutUpgradePayload { operation { id } } ... on Error { code message } } }`;
const CHILDREN = 'query ($id: ID!) { node(id: $id) { ... on Operation { children(first: 10) { edges { node { state createdAt finishedAt subject { id } } } } } } }';
const NEWER = 'query ($id: ID!) { instance(by: { id: $id }) { newerBuild } }';

let coffer: Installation;
let folder: string;
let paths: Record<string, string>;
const instances: { id: string; build: string; login: { user: string; password: string } }[] = [];
const flag = (): string => join(folder, 'broken');

/** Programs that stand for the security fix: those of the present build, unless they are broken. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-next-build-'));
  const programs = join(folder, 'programs');
  await mkdir(programs);
  coffer = await startInstallation({ env: { COFFER_ENGINES_FOLDER: await linkEngines(folder) } });
  for (const name of ['one', 'two', 'three']) {
    const made = await create(coffer.client, { name, datastore: 'redis', version: '8', flavor: 'nano', users: [{ name: 'anna' }] });
    await succeed(coffer.client, made.operationId);
    const instance = await show(coffer.client, made.id);
    const login = { user: 'anna', password: made.passwords['anna']! };
    await redisCli(enginesFolder, instance, login, 'set', 'kept', name);
    instances.push({ id: made.id, build: instance.build, login });
  }
  const real = await binary(enginesFolder, instances[0]!.build, 'redis-server');
  await writeFile(join(programs, 'redis-server'), `#!/bin/sh\n[ "$1" != --version ] && [ "$1" != - ] && [ -e ${flag()} ] && { echo "this build is broken" >&2; exit 3; }\nexec ${real} "$@"\n`);
  await writeFile(join(programs, 'redis-cli'), `#!/bin/sh\nexec ${real.replace(/server$/, 'cli')} "$@"\n`);
  for (const path of [programs, join(programs, 'redis-server'), join(programs, 'redis-cli')]) await chmod(path, 0o755);
  paths = { COFFER_ENGINE_PATHS: `redis/8=${programs}` };
});
afterAll(async () => {
  await coffer?.remove();
  await rm(folder, { recursive: true, force: true });
});

const rollOut = async (input: object = {}): Promise<any> => (await coffer.client.query(ROLL_OUT, { input: { datastore: 'redis', version: '8', ...input } })).result;
const builds = async (): Promise<string[]> => Promise.all(instances.map(async ({ id }) => (await show(coffer.client, id)).build));
const children = async (id: string): Promise<any[]> => (await coffer.client.query(CHILDREN, { id })).node.children.edges.map(({ node }: any) => node).sort((a: any, b: any) => (a.createdAt < b.createdAt ? -1 : 1));

it('is not begun while there is nothing newer', async () => {
  expect(await rollOut()).toMatchObject({ code: 'PRECONDITION.STATE' });
  expect((await coffer.client.query(NEWER, { id: instances[0]!.id })).instance.newerBuild).toBeNull();
});

it('halts at the canary, which is as it was; nobody else was touched', async () => {
  await coffer.end();
  await coffer.start(paths);
  const installed = await coffer.client.query('mutation { installEngine(input: { datastore: "redis", version: "8" }) { ... on InstallEnginePayload { operation { id } } ... on Error { message } } }');
  await succeed(coffer.client, installed.installEngine.operation.id);
  expect((await coffer.client.query(NEWER, { id: instances[0]!.id })).instance.newerBuild).toMatch(/^redis-8/);
  await writeFile(flag(), '');
  const before = await builds();
  const operation = await finish(coffer.client, (await rollOut({ waveSize: 2 })).operation.id);
  expect(operation).toMatchObject({ state: 'FAILED', fault: { message: expect.stringMatching(/halted, 0 of 3 instances have redis-8.*Instance one: .*this build is broken/) } });
  expect(await children(operation.id)).toMatchObject([{ state: 'FAILED', subject: { id: instances[0]!.id } }]);
  expect(await builds()).toEqual(before);
  const first = await show(coffer.client, instances[0]!.id);
  expect(first.status).toBe('ACTIVE');
  expect(await redisCli(enginesFolder, first, instances[0]!.login, 'get', 'kept')).toBe('one');
});

it('comes to all of them once it is mended: one first, then two at once', async () => {
  await rm(flag());
  const before = await builds();
  const operation = await succeed(coffer.client, (await rollOut({ waveSize: 2 })).operation.id);
  const [canary, ...wave] = await children(operation.id);
  expect(canary.subject.id).toBe(instances[0]!.id);
  expect(wave).toHaveLength(2);
  for (const one of wave) expect(one.createdAt >= canary.finishedAt).toBe(true);
  const after = await builds();
  expect(new Set(after).size).toBe(1);
  expect(after[0]).not.toBe(before[0]);
  for (const { id, login } of instances) expect(await redisCli(enginesFolder, { ...(await show(coffer.client, id)), build: before[0] }, login, 'get', 'kept')).toMatch(/one|two|three/);
  expect(await rollOut()).toMatchObject({ code: 'PRECONDITION.STATE' });
  expect(await upgrade(coffer.client, { instanceId: instances[0]!.id, version: '8' })).toMatchObject({ __typename: 'PreconditionError' });
});
