/**
 * A create that cannot succeed: refused at once with the reason, or, when the reason shows only later, undone and left
 * visible in ERROR, with its logs and its fault, holding nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, finish, remove, show } from '../support/actions.ts';
import { type BrokenEngine, createBrokenEngine } from '../support/broken-engine.ts';
import { action, CREATE } from '../support/documents.ts';
import { startInstallation, type Installation } from '../support/installation.ts';
import { lookIntoStore } from '../support/store-look.ts';
import { eventsOf, expectGone, expectNothingRuns } from './matrix/checks.ts';

const redis = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({ name, datastore: 'redis', version: '8', ...more });
const refusal = async (coffer: Installation, input: Record<string, unknown>): Promise<any> =>
  (await coffer.client.query(CREATE, { input: { flavor: 'micro', volume: { sizeGb: 1 }, ...input } })).createInstance;
const loads = async (coffer: Installation): Promise<any> =>
  (await coffer.client.query('{ instances { totalCount } }')).instances;

describe('an engine whose programs do not work', () => {
  let coffer: Installation;
  let broken: BrokenEngine;
  beforeAll(async () => {
    broken = await createBrokenEngine();
    coffer = await startInstallation({ env: { ...broken.env, COFFER_ENGINE_PORTS: '22300-22300' } });
  });
  afterAll(async () => {
    await coffer?.remove();
    await broken?.remove();
  });
  let failed: string;

  it('fails the create with a fault a person can read, and everything undone', async () => {
    const made = await create(coffer.client, redis('broken', { version: '7' }));
    failed = made.id;
    const operation = await finish(coffer.client, made.operationId);
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START' } });
    expect(operation.fault!.message).toMatch(/this build is broken|ended|exit/i);
    const instance = await show(coffer.client, failed);
    expect(instance).toMatchObject({ status: 'ERROR', task: null, endpoints: [], fault: { code: operation.fault!.code, message: operation.fault!.message } });
    expect(instance.conditions.map((condition: any) => condition.type)).toContain('CreateFailed');
    await expectNothingRuns({ coffer }, failed);
    expect((await eventsOf({ coffer }, made.operationId)).filter((event) => event.type === 'instance.create').map((event) => event.phase)).toEqual(['START', 'ERROR']);
  });

  it('keeps the logs of the failed one', () => {
    expect(existsSync(join(coffer.home, 'instances', failed, 'logs', 'agent.log'))).toBe(true);
  });

  it('refuses to start what was never built, and says what to do', async () => {
    const { startInstance } = await coffer.client.query(action('startInstance'), { input: { instanceId: failed } });
    expect(startInstance).toMatchObject({ __typename: 'PreconditionError', code: 'PRECONDITION.STATE', remedy: expect.stringMatching(/Delete it/) });
  });

  it('gave its port back: the only one goes to the next create', async () => {
    const made = await create(coffer.client, redis('next'));
    expect((await finish(coffer.client, made.operationId)).state).toBe('SUCCEEDED');
    expect((await show(coffer.client, made.id)).endpoints[0].port).toBe(22_300);
  });

  it('is refused at once when no port is left, with the reason, and nothing is kept of it', async () => {
    expect(await refusal(coffer, redis('no-port'))).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_PORT', message: expect.stringMatching(/0 free engine ports, 1 are needed/) });
    expect(await loads(coffer)).toEqual({ totalCount: 2 });
  });

  it('can be deleted', async () => {
    await remove(coffer.client, failed);
    await expectGone({ coffer }, failed);
  });
});

describe('a host with little to give', () => {
  let coffer: Installation;
  let instanceId: string;
  const hostFacts = async (): Promise<any> => (await lookIntoStore<{ facts: any }>(coffer, 'select facts from host'))[0]!.facts;
  beforeAll(async () => { coffer = await startInstallation(); });
  afterAll(() => coffer?.remove());

  it('refuses by its memory, with the figures, and takes what fits', async () => {
    const { memoryTotalMb, memoryAvailableMb } = await hostFacts();
    await coffer.end('SIGTERM');
    // room for one medium (2048 MB), not for two, and a margin for what the machine does besides
    await coffer.start({ COFFER_MEMORY_RESERVE_MB: String(Math.min(memoryTotalMb, memoryAvailableMb) - 3_000) });
    const made = await create(coffer.client, redis('fits', { flavor: 'medium' }));
    instanceId = made.id;
    expect((await finish(coffer.client, made.operationId)).state).toBe('SUCCEEDED');
    const answer = await refusal(coffer, redis('too-large', { flavor: 'large' }));
    expect(answer).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_MEMORY', message: expect.stringMatching(/has \d+ MB of memory to give, 4096 MB are needed/) });
  });

  it('never promises the same memory twice to creates that race', async () => {
    await remove(coffer.client, instanceId);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => refusal(coffer, redis(`race-${index}`, { flavor: 'medium' }))));
    const accepted = answers.filter((answer) => answer.__typename === 'CreateInstancePayload');
    const ends = await Promise.all(accepted.map((answer) => finish(coffer.client, answer.operation.id)));
    expect(ends.filter((end) => end.state === 'SUCCEEDED')).toHaveLength(1);
    for (const end of ends.filter((one) => one.state !== 'SUCCEEDED')) expect(end).toMatchObject({ state: 'FAILED', fault: { code: 'ADMISSION.NO_MEMORY' } });
    for (const answer of answers.filter((one) => one.__typename !== 'CreateInstancePayload')) expect(answer.code).toBe('ADMISSION.NO_MEMORY');
  });

  it('refuses by its disk, with the figures', async () => {
    const { diskFreeBytes } = await hostFacts();
    await coffer.end('SIGTERM');
    await coffer.start({ COFFER_DISK_RESERVE_GB: String(Math.floor(diskFreeBytes / 1024 ** 3) - 2) });
    const answer = await refusal(coffer, redis('too-big', { flavor: 'nano', volume: { sizeGb: 20 } }));
    expect(answer).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_DISK', message: expect.stringMatching(/has \d+\.\d GB of disk to give, 20 GB are needed/) });
  });
});
