/** A guest half that misbehaves hurts its own instance's command, and neither the agent nor the engine. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgent, createDatabase, type TestAgent } from './support/agent.ts';

describe('an agent whose plugin', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await createAgent();
    await agent.prepare();
  });
  afterAll(async () => { await agent.dispose(); });

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
});
