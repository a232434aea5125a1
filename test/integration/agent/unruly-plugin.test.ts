/** A guest half that misbehaves hurts its own instance's command, and neither the agent nor the engine. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgent, createDatabase, instanceId, type TestAgent } from './support/agent.ts';

describe('an agent whose plugin', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await createAgent();
    await agent.prepare();
  });
  afterAll(async () => { await agent.dispose(); });

  const field = (name: string, args: object = {}): Promise<string> => new Promise((resolve, reject) => {
    agent.client().readPluginField({ instanceId, name, argumentsJson: JSON.stringify(args) }, (error, answer) => (error ? reject(error) : resolve(answer.valueJson)));
  });

  it('tells progress without end passes on what people can read, and lives', async () => {
    const told: string[] = [];
    const since = performance.now();
    const outcome = await agent.run(createDatabase('flood'), { timeoutMs: 15_000, onProgress: ({ message }) => void told.push(message) });
    expect(outcome.fault).toBeUndefined();
    const tenths = (performance.now() - since) / 100;
    expect(told.length).toBeLessThan(tenths + 2);
    expect(told.every((message) => message.length <= 300)).toBe(true);
    expect(await agent.run(createDatabase('after-the-flood'))).toMatchObject({ fault: undefined });
  });
  it('answers fields of the API with its data, refuses, or says too much', async () => {
    const args = { number: 3, list: ['a'] };
    expect(JSON.parse(await field('echo', args))).toEqual(args);
    await expect(field('refused')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: 'not today' });
    await expect(field('huge')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringMatching(/answer for huge has \d+ bytes/) as string });
    await expect(field('toString')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining('does not know toString') as string });
  });
  it('never answers a field keeps its place until the deadline, and no one from anything else', async () => {
    // Whichever comes last finds eight before it.
    const hanging = Array.from({ length: 9 }, () => field('never').catch((error: ServiceError) => error.code));
    expect(await Promise.race(hanging)).toBe(status.RESOURCE_EXHAUSTED);
    await expect(field('echo')).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await new Promise((resolve, reject) => { agent.client().listUsers({ instanceId }, (error, answer) => (error ? reject(error) : resolve(answer.users))); })).toEqual([]);
    expect((await Promise.all(hanging)).filter((code) => code === status.DEADLINE_EXCEEDED)).toHaveLength(8);
    expect(await field('echo')).toBe('{}');
  });
  it('answers garbage to a probe says that of the engine, until it answers again', async () => {
    const pid = agent.enginePid();
    const marker = join(agent.boot.paths.config, 'garbage');
    const heard = (): { since: number } => ({ since: agent.conductor.observations.length });
    await writeFile(marker, '');
    await agent.conductor.observed((seen) => seen.engine !== 'ok' && /answers something that is none/.test(seen.detail ?? ''), heard());
    await rm(marker);
    await agent.conductor.observed((seen) => seen.engine === 'ok', heard());
    expect(agent.enginePid()).toBe(pid);
  });
  it('says that it stopped an engine that still runs is asked again, and nobody else is kept waiting', async () => {
    const marker = join(agent.boot.paths.config, 'stops-nothing');
    await writeFile(marker, '');
    expect(await agent.run({ $case: 'stop', value: { immediate: false } })).toMatchObject({ fault: undefined });
    expect(await field('echo')).toBe('{}');
    await rm(marker);
    await agent.conductor.observed((seen) => seen.engine === 'down', { since: agent.conductor.observations.length });
  });
});
