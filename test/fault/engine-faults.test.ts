/** Engines and agents that die, hang or cannot start: subscribers are told the truth, at once, and most things mend themselves. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentPid, create, enginePid, finish, remove, show, succeed, until } from '../support/actions.ts';
import { action, WATCH_INSTANCE } from '../support/documents.ts';
import { startInstallation, type Installation } from '../support/installation.ts';
import { expectGone, expectNothingRuns } from './matrix/checks.ts';

const kills = 20;
const perInstance = 4; // a fifth within two minutes is a crash loop
const generousMs = 5_000;

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(() => coffer?.remove());

async function made(name: string, input: Record<string, unknown> = { datastore: 'redis', version: '8', users: [{ name: 'app' }] }): Promise<string> {
  const { id, operationId } = await create(coffer.client, { name, flavor: 'micro', ...input });
  await succeed(coffer.client, operationId);
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  return id;
}
const act = async (verb: 'start' | 'restart' | 'reset', instanceId: string): Promise<string> =>
  Object.values<any>(await coffer.client.query(action(`${verb}Instance`), { input: { instanceId } }))[0].operation.id;
const reasonOf = (instance: any, type: string): string | undefined => instance.conditions.find((condition: any) => condition.type === type)?.reason;
const percentile = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;

/** From the kill to the moment a subscriber has it in hand. */
async function killLatencyMs(id: string): Promise<number> {
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  const client = coffer.client.ws();
  try {
    const updates = client.iterate<any>({ query: WATCH_INSTANCE, variables: { id } });
    expect((await updates.next()).value.data.instance.instance.status).toBe('ACTIVE');
    const pid = await enginePid(id);
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    for await (const { data } of updates) if (data.instance.instance.status === 'UNHEALTHY') return performance.now() - killedAt;
    throw new Error('the subscription ended');
  } finally {
    await client.dispose();
  }
}

describe('an engine', () => {
  it(`that is killed is told as UNHEALTHY, ${kills} times, and comes back`, async () => {
    const ids = await Promise.all(Array.from({ length: kills / perInstance }, (_, index) => made(`killed-${index}`)));
    const latencies: number[] = [];
    for (let round = 0; round < perInstance; round++) for (const id of ids) latencies.push(await killLatencyMs(id));
    for (const id of ids) await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    console.log(`engine kill → event at the subscriber: p50 ${percentile(latencies, 0.5).toFixed(0)} ms, p99 ${percentile(latencies, 0.99).toFixed(0)} ms (${kills} kills)`);
    expect(Math.max(...latencies)).toBeLessThan(generousMs);
    await Promise.all(ids.map((id) => remove(coffer.client, id)));
  });

  it('that hangs (SIGSTOP) is told as EngineHung within seconds, and is ACTIVE again when it goes on', async () => {
    const id = await made('hung');
    const pid = await enginePid(id);
    const stoppedAt = performance.now();
    process.kill(pid, 'SIGSTOP');
    const unwell = await until(coffer.client, id, (instance) => instance.status === 'UNHEALTHY', 15_000);
    console.log(`engine hangs → event: ${Math.round(performance.now() - stoppedAt)} ms`);
    expect(reasonOf(unwell, 'EngineUnavailable')).toBe('EngineHung');
    process.kill(pid, 'SIGCONT');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    expect(await enginePid(id)).toBe(pid);
    await remove(coffer.client, id);
  });

  it('that hangs can be restarted', async () => {
    const id = await made('hung-restart');
    process.kill(await enginePid(id), 'SIGSTOP');
    await until(coffer.client, id, (instance) => reasonOf(instance, 'EngineUnavailable') === 'EngineHung', 15_000);
    await succeed(coffer.client, await act('restart', id));
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    await remove(coffer.client, id);
  });

  it.each([
    { engine: 'redis', input: { datastore: 'redis', version: '8' }, file: 'appendonlydir', words: /append|Fatal|Can't open|directory/i },
    { engine: 'postgresql', input: { datastore: 'postgresql', version: '17' }, file: 'global/pg_control', words: /pg_control|FATAL|PANIC/i },
  ])('of $engine whose data are damaged ends in a crash loop, with its last words; mended and started, it is well', async ({ engine, input, file, words }) => {
    const id = await made(`damaged-${engine}`, input);
    const damaged = join(coffer.home, 'instances', id, 'volume/data', file);
    await rename(damaged, `${damaged}.aside`);
    await writeFile(damaged, 'not what it was', { mode: 0o644 });
    process.kill(await enginePid(id), 'SIGKILL');
    const unwell = await until(coffer.client, id, (instance) => reasonOf(instance, 'EngineUnavailable') === 'CrashLoop', 60_000);
    expect(unwell.status).toBe('UNHEALTHY');
    expect(unwell.conditions.find((condition: any) => condition.type === 'EngineUnavailable').message).toMatch(words);
    await rm(damaged);
    await rename(`${damaged}.aside`, damaged);
    await succeed(coffer.client, await act('start', id));
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE' && instance.conditions.every((condition: any) => condition.type !== 'EngineUnavailable'));
    await remove(coffer.client, id);
  });
});

describe('an agent', () => {
  it('that is killed is told as UNKNOWN, comes back by its host, and the engine never noticed', async () => {
    const id = await made('agent-killed');
    const engine = await enginePid(id);
    const unknown = until(coffer.client, id, (instance) => instance.status === 'UNKNOWN');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    process.kill(await agentPid(id), 'SIGKILL');
    expect(reasonOf(await unknown, 'AgentUnreachable')).toBe('Disconnected');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    expect(await enginePid(id)).toBe(engine);
    await remove(coffer.client, id);
  });

  it('that hangs (SIGSTOP) is told as UNKNOWN, and is believed again when it goes on', async () => {
    const id = await made('agent-stopped');
    const pid = await agentPid(id);
    const stoppedAt = performance.now();
    process.kill(pid, 'SIGSTOP');
    const unknown = await until(coffer.client, id, (instance) => instance.status === 'UNKNOWN', 90_000);
    console.log(`agent hangs → event: ${Math.round(performance.now() - stoppedAt)} ms`);
    expect(reasonOf(unknown, 'AgentUnreachable')).toEqual(expect.any(String));
    process.kill(pid, 'SIGCONT');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    await remove(coffer.client, id);
    await expectGone({ coffer }, id);
  });

  it('and engine killed together leave nothing of the old ones behind', async () => {
    const id = await made('both-killed');
    const before = [await agentPid(id), await enginePid(id)];
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until(coffer.client, id, (instance) => instance.status !== 'ACTIVE');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    expect([await agentPid(id), await enginePid(id)].filter((pid) => before.includes(pid))).toEqual([]);
    await remove(coffer.client, id);
    await expectNothingRuns({ coffer }, id);
  });
});

it('what nobody asked for is never told as success: an operation on a dead engine says why it failed', async () => {
  const id = await made('dead-command');
  const damaged = join(coffer.home, 'instances', id, 'volume/data/appendonlydir');
  await rename(damaged, `${damaged}.aside`);
  await writeFile(damaged, 'not what it was');
  process.kill(await enginePid(id), 'SIGKILL');
  await until(coffer.client, id, (instance) => instance.status === 'UNHEALTHY');
  const operation = await finish(coffer.client, await act('restart', id));
  expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.FAILED_TO_START' } });
  expect((await show(coffer.client, id)).fault.code).toBe('ENGINE.FAILED_TO_START');
  expect(await readFile(damaged, 'utf8')).toBe('not what it was');
  await remove(coffer.client, id);
});
