/** The agent is killed inside every command, at every point; the repeat ends in the same state, done once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../agent/commands/catalogue.ts';
import { createAgent, createDatabase, initialise, nextOperation, none, type TestAgent } from './support/agent.ts';

const points = ['before:1', 'inside:1', 'inside:2', 'after:1'];
const stories: { command: Command; effect: RegExp | null }[] = [
  { command: { $case: 'stop', value: { immediate: false } }, effect: null },
  { command: { $case: 'start', value: none }, effect: null },
  { command: { $case: 'restart', value: none }, effect: null },
  { command: { $case: 'configure', value: { sizing: { x: '1' }, parameters: { hz: '20' }, configuration: 'cg_1/1' } }, effect: null },
  { command: { $case: 'repair', value: none }, effect: null },
  { command: { $case: 'rotateCertificate', value: none }, effect: null },
  { command: { $case: 'createUsers', value: { users: [{ user: { name: 'ann' }, password: 'password-of-ann', grants: [] }] } }, effect: /^create users ann$/ },
  { command: { $case: 'deleteUser', value: { user: { name: 'ann' } } }, effect: /^delete users ann$/ },
  { command: createDatabase('one', 'two'), effect: /^create databases one$/ },
  { command: { $case: 'deleteDatabase', value: { name: 'one' } }, effect: /^delete databases one$/ },
  { command: { $case: 'enableRoot', value: { password: 'password-of-root' } }, effect: null },
  { command: { $case: 'disableRoot', value: none }, effect: null },
];

/** Before and after the method all commands are alike: a few stand for the rest. */
const alike = new Set(['start', 'createUsers', 'deleteUser', 'enableRoot', 'disableRoot']);
const storiesAt = (point: string): typeof stories => (point.startsWith('inside') ? stories : stories.filter(({ command }) => alike.has(command.$case)));

describe('the agent killed inside a command', () => {
  let agent: TestAgent;
  beforeAll(async () => { agent = await createAgent(); });
  afterAll(async () => { await agent.dispose(); });

  const restart = async (env: Record<string, string> = {}): Promise<void> => {
    await agent.signal('SIGTERM');
    await agent.start(env);
  };
  const killedAndRepeated = async (command: Command, point: string): Promise<void> => {
    await restart({ COFFER_TEST_KILL_AT: `agent:${command.$case}:${point}` });
    const operationId = nextOperation();
    await expect(agent.run(command, { operationId })).rejects.toThrow();
    expect(await agent.signal('SIGKILL')).toBe('SIGKILL');
    await agent.start({ COFFER_TEST_KILL_AT: `agent:${command.$case}:${point}` });
    const outcome = await agent.run(command, { operationId });
    expect(outcome).toMatchObject({ fault: undefined, replayed: point === 'after:1' });
    expect(outcome.items.every((item) => item.fault === undefined)).toBe(true);
  };

  it.each(points)('initialise, at %s', async (point) => {
    const fresh = await createAgent();
    try {
      await fresh.writeEnrol();
      await fresh.start({ COFFER_TEST_KILL_AT: `agent:initialise:${point}` });
      await expect(fresh.run(initialise(), { operationId: 'op_init' })).rejects.toThrow();
      await fresh.signal('SIGKILL');
      await fresh.start({ COFFER_TEST_KILL_AT: `agent:initialise:${point}` });
      expect((await fresh.run(initialise(), { operationId: 'op_init' })).fault).toBeUndefined();
      expect((await fresh.run({ $case: 'start', value: none })).fault).toBeUndefined();
    } finally {
      await fresh.dispose();
    }
  });

  it.each(points)('the other commands, at %s', async (point) => {
    if (agent.conductor.hellos.length === 0) await agent.prepare();
    for (const { command, effect } of storiesAt(point)) {
      const before = agent.effects().length;
      await killedAndRepeated(command, point);
      if (effect) expect(agent.effects().slice(before).filter((line) => effect.test(line)), command.$case).toHaveLength(1);
      if (command.$case === 'stop') await agent.conductor.observed((seen) => seen.wanted === 'STOPPED' && seen.engine === 'down', { since: agent.conductor.observations.length - 1 });
    }
    if (point.startsWith('inside')) await agent.run({ $case: 'deleteDatabase', value: { name: 'two' } });
    const end = await agent.conductor.observed((seen) => seen.engine === 'ok', { since: agent.conductor.observations.length - 1 });
    expect(end).toMatchObject({ wanted: 'RUNNING', prepared: true });
    if (point.startsWith('inside')) expect(end.configuration).toMatchObject({ applied: 'cg_1/1', restartRequired: [], drifted: [] });
  }, 120_000);
});
