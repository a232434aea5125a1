/** A newer build is found at the source while everything runs: offered to instances, and brought to them by an upgrade. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { create, finish, processesOf, show, succeed } from '../../support/actions.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { createGrowingEngine, type GrowingEngine } from '../../support/growing-engine.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

const INSTALL = 'mutation ($input: InstallEngineInput!) { result: installEngine(input: $input) { ... on InstallEnginePayload { operation { id } } ... on Error { code message } } }';
const STATE = 'query ($id: ID!) { instance(by: { id: $id }) { newerBuild revision conditions { type status reason message } } }';
const BUILDS = '{ datastore(name: "my-engine") { versions(first: 1) { edges { node { source { builds { id version } } } } } } }';

let coffer: Installation;
let cli: Cli;
let growing: GrowingEngine;
let id: string;

beforeAll(async () => {
  growing = await createGrowingEngine();
  await growing.offer('24.90.1');
  coffer = await startInstallation({ env: growing.env });
  cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
  const made = await create(coffer.client, { name: 'one', datastore: 'my-engine', flavor: 'nano', users: [{ name: 'anna' }] });
  await succeed(coffer.client, made.operationId);
  ({ id } = made);
});
afterAll(async () => {
  await cli?.remove();
  await coffer?.remove();
  await growing?.remove();
});

const install = async (refresh: boolean): Promise<string> => (await coffer.client.query(INSTALL, { input: { datastore: 'my-engine', version: '24', refresh } })).result.operation.id;
const told = async (refresh: boolean): Promise<string | null> => (await succeed(coffer.client, await install(refresh))).steps[0]!.message;
const state = async (): Promise<any> => (await coffer.client.query(STATE, { id })).instance;
const versions = async (): Promise<string[]> => (await coffer.client.query(BUILDS)).datastore.versions.edges[0].node.source.builds.map(({ version }: { version: string }) => version);
const engine = async (): Promise<number[]> => (await processesOf(id)).map(({ pid }) => pid);
const newerBuild = (conditions: { type: string }[]): unknown => conditions.find(({ type }) => type === 'NewerBuild');
const run = async (...words: string[]): Promise<string> => {
  const { code, out, error } = await cli.run(words);
  expect(code, `coffer ${words.join(' ')}\n${out}${error}`).toBe(0);
  return out + error;
};

it('is not looked for unless somebody asks', async () => {
  await growing.offer('24.90.2');
  expect(await told(false)).toMatch(/^my-engine 24 is installed already: 24\.90\.1 .* refresh does that$/);
  expect(await versions()).toEqual(['24.90.1']);
  expect(await state()).toMatchObject({ newerBuild: null });
});

it('is installed beside the one that runs, which nothing happens to; its instance is told, once', async () => {
  const [before, pids] = [await show(coffer.client, id), await engine()];
  expect(await run('engine', 'install', 'my-engine', '24', '--refresh')).toMatch(/engine\.install SUCCEEDED[^]*installed my-engine 24\.90\.2 /);
  expect(await versions()).toEqual(['24.90.2', '24.90.1']);
  const now = await state();
  expect(now.newerBuild).toMatch(/^my-engine-24\.90\.2-/);
  expect(newerBuild(now.conditions)).toMatchObject({ status: 'TRUE', reason: 'Installed', message: expect.stringContaining(`24.90.2 (${now.newerBuild}). Upgrade the instance`) });
  expect(await show(coffer.client, id)).toMatchObject({ status: 'ACTIVE', build: before.build });
  expect(await engine()).toEqual(pids);
  expect(await run('instance', 'show', 'one')).toMatch(/newer build +coffer instance upgrade one --datastore-version 24/);
  expect(await run('instance', 'list')).toMatch(/my-engine 24 \(newer build\)/);

  expect(await told(true)).toMatch(/^the newest build of my-engine 24 is installed already: 24\.90\.2 /);
  expect(await versions()).toHaveLength(2);
  expect(await state()).toEqual(now);
  const { events } = await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { events(first: 50) { edges { node { type actor } } } } }', { id }).then(({ instance }) => instance);
  expect(events.edges.filter(({ node }: any) => node.type === 'instance.newer-build')).toEqual([{ node: { type: 'instance.newer-build', actor: 'system' } }]);
});

it('a source that delivers nothing fails the operation in readable words, and changes nothing', async () => {
  const before = await state();
  await growing.setUsable(false);
  try {
    expect(await finish(coffer.client, await install(true))).toMatchObject({ state: 'FAILED', fault: { code: 'SOURCE.UNAVAILABLE', message: expect.stringMatching(/my-engine 24 could not be installed: .* has no program node/) } });
  } finally {
    await growing.setUsable(true);
  }
  expect(await state()).toEqual(before);
  expect(await versions()).toEqual(['24.90.2', '24.90.1']);
});

it('an upgrade brings the instance there, and it is told no more', async () => {
  const { newerBuild: wanted } = await state();
  await run('instance', 'upgrade', 'one', '--datastore-version', '24');
  expect(await show(coffer.client, id)).toMatchObject({ status: 'ACTIVE', build: wanted });
  const after = await state();
  expect(after.newerBuild).toBeNull();
  expect(newerBuild(after.conditions)).toBeUndefined();
  expect(await run('user', 'list', 'one')).toContain('anna');
  expect((await cli.run(['instance', 'upgrade', 'one', '--datastore-version', '24'])).error).toMatch(/newest build/);
});
