import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgent, none, type TestAgent } from './support/agent.ts';

const startTimeOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
  } catch {
    return undefined;
  }
};
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const gone = async (pid: number): Promise<void> => { while (isAlive(pid)) await delay(5); };

describe('supervision', () => {
  let agent: TestAgent;
  beforeEach(async () => {
    agent = await createAgent();
    await agent.prepare();
  });
  afterEach(async () => { await agent.dispose(); });
  const since = (): { since: number } => ({ since: agent.conductor.observations.length });

  it('an engine that was killed is told at once and started again', async () => {
    const latencies: number[] = [];
    for (let round = 1; round <= 3; round++) {
      const from = since();
      const killedMs = Date.now();
      process.kill(agent.enginePid(), 'SIGKILL');
      const down = await agent.conductor.observed((seen) => seen.engine === 'down', from);
      latencies.push(down.heardMs - killedMs);
      expect(down).toMatchObject({ wanted: 'RUNNING', crashes: round, detail: expect.stringContaining('SIGKILL') as string });
      await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === round, from);
    }
    expect(Math.max(...latencies)).toBeLessThan(400);
  });

  it('an adopted engine is the same process, and its end is told at once too', async () => {
    const pid = agent.enginePid();
    const born = startTimeOf(pid);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await agent.signal(signal);
      expect(isAlive(pid)).toBe(true);
      await agent.start();
      await agent.conductor.observed((seen) => seen.engine === 'ok', since());
    }
    expect([agent.enginePid(), startTimeOf(pid)]).toEqual([pid, born]);
    const from = since();
    const killedMs = Date.now();
    process.kill(pid, 'SIGKILL');
    const down = await agent.conductor.observed((seen) => seen.engine === 'down', from);
    expect(down.heardMs - killedMs).toBeLessThan(400);
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 1, from);
    expect(agent.enginePid()).not.toBe(pid);
  });

  it('an engine that hangs is told within seconds, left alone, and told well again', async () => {
    const pid = agent.enginePid();
    const from = since();
    process.kill(pid, 'SIGSTOP');
    const stoppedMs = Date.now();
    const hung = await agent.conductor.observed((seen) => seen.engine === 'hung', from);
    expect(hung.heardMs - stoppedMs).toBeLessThan(3_000);
    process.kill(pid, 'SIGCONT');
    await agent.conductor.observed((seen) => seen.engine === 'ok', { since: agent.conductor.observations.indexOf(hung) });
    expect(agent.enginePid()).toBe(pid);
  });

  it('a crash loop is told with the engine\'s last words, and ends when the cause does', async () => {
    writeFileSync(join(agent.boot.paths.volume, 'data', 'broken'), '');
    const from = since();
    process.kill(agent.enginePid(), 'SIGKILL');
    const loop = await agent.conductor.observed((seen) => seen.engine === 'crash-loop' && seen.logTail.length > 0 && /broken/.test(seen.detail ?? ''), { ...from, timeoutMs: 20_000 });
    expect(loop.crashes).toBeGreaterThanOrEqual(5);
    expect(loop.detail).toContain('the data is broken');
    expect(loop.logTail.join()).toContain('FATAL: the data is broken');

    await agent.signal('SIGKILL');
    await agent.start();
    const again = await agent.conductor.observed((seen) => seen.engine === 'crash-loop', since());
    expect(again.crashes).toBeGreaterThanOrEqual(5);
    rmSync(join(agent.boot.paths.volume, 'data', 'broken'));
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 0, since());
  });

  it('what is wanted is applied without any conductor', async () => {
    const pid = agent.enginePid();
    await agent.signal('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await agent.conductor.stop();
    await Promise.race([agent.start(), delay(50)]);
    while (agent.enginePid() === pid || !isAlive(agent.enginePid())) await delay(20);
  });

  it('an engine that nobody recorded is cleared away before a new one starts', async () => {
    const pid = agent.enginePid();
    await agent.signal('SIGKILL');
    // As if the agent had died between starting it and writing its number down.
    rmSync(join(agent.boot.paths.agent, 'journal'), { recursive: true });
    await agent.start();
    expect((await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {} } })).fault).toBeUndefined();
    expect((await agent.run({ $case: 'start', value: none })).fault?.code ?? 'none').toBe('none');
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });

  it('SIGUSR1 stops the engine, then the agent; the next start brings both back', async () => {
    const pid = agent.enginePid();
    expect(await agent.signal('SIGUSR1')).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(agent.effects().at(-1)).toBe('stop orderly');
    await agent.start();
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.wanted === 'RUNNING', since());
  });

  it('SIGUSR2 holds the engine down with the reason told, until SIGHUP', async () => {
    const from = since();
    agent.child().kill('SIGUSR2');
    const held = await agent.conductor.observed((seen) => seen.engine === 'down', from);
    expect(held).toMatchObject({ wanted: 'RUNNING', crashes: 0, detail: expect.stringContaining('volume is full') as string });
    const later = since();
    agent.child().kill('SIGHUP');
    await agent.conductor.observed((seen) => seen.engine === 'ok', later);
  });

  it('is told so again and again, and the stop under way comes to its end', async () => {
    const told = (): number => agent.log().filter((line) => line['signal'] === 'SIGUSR2').length;
    process.kill(agent.enginePid(), 'SIGSTOP');
    for (let round = 1; round <= 3; round++) {
      agent.child().kill('SIGUSR2');
      while (told() < round) await delay(5);
    }
    process.kill(agent.enginePid(), 'SIGCONT');
    await agent.conductor.observed((seen) => seen.engine === 'down');
    expect(agent.log().filter((line) => /stop failed/.test(String(line['message'])))).toEqual([]);
  });

  it('a second agent of the instance ends at once', async () => {
    const first = agent.child();
    await expect(agent.start()).rejects.toThrow(/is this instance's agent already/);
    first.kill('SIGKILL');
  });

  it('an agent whose plugin does not do what it declares refuses to serve', async () => {
    await agent.signal('SIGTERM');
    await expect(agent.start({ COFFER_TEST_TINY_WITHOUT_ROOT: '1' })).rejects.toThrow(/78/);
    expect(agent.log().some((line) => /declares .*ROOT/.test(String(line['reason'])))).toBe(true);
  });
});
