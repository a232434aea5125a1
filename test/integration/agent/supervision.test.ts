import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgent, createDatabase, initialise, instanceId, none, type TestAgent } from './support/agent.ts';
import { signalsWaiting } from '../../support/processes.ts';

const startTimeOf = (pid: number): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
  } catch {
    return undefined;
  }
};
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const gone = async (pid: number): Promise<void> => { while (isAlive(pid)) await delay(5); };

const cancel = (agent: TestAgent, operationId: string): Promise<void> => new Promise((resolve, reject) => {
  agent.client().cancel({ instanceId, operationId, fence: { generation: 1, epoch: 1, attempt: 1 } }, (error: Error | null) => (error ? reject(error) : resolve()));
});

it('what the volume holds is measured when the engine is first seen well, and not half a minute later', async () => {
  const agent = await createAgent();
  try {
    await agent.writeEnrol();
    await agent.start();
    await agent.conductor.observed(({ volumeUsedBytes }) => volumeUsedBytes !== undefined);
    await agent.run(initialise());
    writeFileSync(join(agent.boot.paths.volume, 'made-meanwhile'), Buffer.alloc(4 << 20, 'x'));
    await agent.run({ $case: 'start', value: none });
    await agent.conductor.observed(({ volumeUsedBytes }) => Number(volumeUsedBytes) > 4 << 20, { timeoutMs: 15_000 });
  } finally {
    await agent.dispose();
  }
});

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

  it('a stop that was called off half way is no crash: the next start waits for its end', async () => {
    const pid = agent.enginePid();
    const from = since();
    // It gets the signal to end and does not hear it yet.
    process.kill(pid, 'SIGSTOP');
    const stopping = agent.run({ $case: 'restart', value: none }, { operationId: 'op_called_off', step: 'restart' });
    await expect.poll(() => signalsWaiting(pid)).toContain('SIGTERM');
    await cancel(agent, 'op_called_off');
    expect((await stopping).fault?.code).toBe('CANCELLED');
    const starting = agent.run({ $case: 'start', value: none }, { operationId: 'op_called_off', step: 'undo-start' });
    process.kill(pid, 'SIGCONT');
    expect((await starting).fault).toBeUndefined();
    expect([isAlive(pid), isAlive(agent.enginePid())]).toEqual([false, true]);
    const seen = await agent.conductor.observed(({ engine, afterCommand }) => engine === 'ok' && afterCommand === 'op_called_off/undo-start', from);
    expect(seen.crashes).toBe(0);
  });

  it('tells which command its reports come after, also when the agent was restarted since', async () => {
    await agent.run({ $case: 'restart', value: none }, { operationId: 'op_told', step: 'restart' });
    await agent.conductor.observed(({ engine, afterCommand }) => engine === 'ok' && afterCommand === 'op_told/restart');
    await agent.run(createDatabase('one'), { operationId: 'op_later', step: 'databases' });
    await agent.signal('SIGKILL');
    const from = since();
    await agent.start();
    expect((await agent.conductor.observed(({ engine }) => engine === 'ok', from)).afterCommand).toBe('op_told/restart');
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
    expect((await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: {}, configuration: '' } })).fault).toBeUndefined();
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

  it('SIGUSR2 holds the engine down with the reason told, until SIGURG', async () => {
    const from = since();
    const before = agent.effects().length;
    agent.child().kill('SIGUSR2');
    const held = await agent.conductor.observed((seen) => seen.engine === 'down', from);
    // It may be seen to be gone before who stops it has noticed.
    while (!agent.effects().slice(before).includes('stop orderly')) await delay(5);
    expect(held).toMatchObject({ wanted: 'RUNNING', crashes: 0, detail: expect.stringContaining('volume is full') as string });
    // What the instance may have was changed meanwhile: that says nothing of the disk.
    const deeds = agent.effects().length;
    agent.child().kill('SIGHUP');
    while (agent.log().filter((line) => line['signal'] === 'SIGHUP').length === 0) await delay(5);
    await delay(300);
    expect(agent.effects().slice(deeds)).toEqual([]);
    const later = since();
    agent.child().kill('SIGURG');
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
