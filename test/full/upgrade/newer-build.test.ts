/** Newer builds that no operation of a person brought: instances are told all the same. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import { create, show, succeed, until } from '../../support/actions.ts';
import { createGrowingEngine, type GrowingEngine } from '../../support/growing-engine.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

let coffer: Installation;
let engine: GrowingEngine;
let id: string;

beforeAll(async () => {
  engine = await createGrowingEngine();
  await engine.offer('24.90.1');
  coffer = await startInstallation({ env: engine.env });
  const made = await create(coffer.client, { name: 'one', datastore: 'my-engine', flavor: 'nano' });
  await succeed(coffer.client, made.operationId);
  ({ id } = made);
});
afterAll(async () => {
  await coffer?.remove();
  await engine?.remove();
});

const told = (version: string, timeoutMs: number): Promise<any> =>
  until(coffer.client, id, ({ conditions }) => conditions.some(({ type, message }: any) => type === 'NewerBuild' && message.includes(`newer build: ${version} `)), timeoutMs);

it('one that another process made in the folder of engines, as an import does', async () => {
  await engine.offer('24.90.2');
  const versionCommand = { binary: 'node', args: ['--version'], pattern: String.raw`v(\d+\.\d+\.\d+)` };
  await createEngineStore({ root: engine.engines, log: silentLog }).ensure({
    datastore: 'my-engine', track: '24', sources: [{ kind: 'host', binaries: ['node'], searchPaths: engine.searchPaths, versionCommand }], refresh: true, signal: AbortSignal.timeout(30_000),
  });
  await told('24.90.2', 30_000);
  expect(await show(coffer.client, id)).toMatchObject({ status: 'ACTIVE', build: expect.stringMatching(/24\.90\.1/) });
});

it('one that was looked for because a setting says so: by an operation of its own, and nothing is rolled out', async () => {
  await coffer.end();
  await engine.offer('24.90.3');
  await coffer.start({ COFFER_ENGINE_REFRESH_HOURS: '1' });
  await told('24.90.3', 120_000);
  expect(await show(coffer.client, id)).toMatchObject({ status: 'ACTIVE', build: expect.stringMatching(/24\.90\.1/) });
  const { operations } = await coffer.client.query('{ operations(first: 5, filter: { kind: "engine.install" }) { edges { node { actor state } } } }');
  expect(operations.edges).toEqual([{ node: { actor: 'system', state: 'SUCCEEDED' } }]);
}, 240_000);
