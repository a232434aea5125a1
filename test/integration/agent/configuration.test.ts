/** Values of a configuration group, from the command to what the engine really runs with, and back again when it will not. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome, ReadParametersResponse } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import type { ConfigurationSight } from '../../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Command } from '../../../agent/commands/catalogue.ts';
import { poison } from '../../fixtures/tiny-datastore/parameters.ts';
import { ask } from '../../fixtures/tiny-datastore/redis-socket.ts';
import { createAgent, initialise, instanceId, nextOperation, none, type RunOptions, type TestAgent } from './support/agent.ts';

const first = { hz: '20', 'slowlog-max-len': '64' };
const configure = (parameters: Record<string, string>, configuration: string): Command => ({ $case: 'configure', value: { sizing: { live: '1' }, parameters, configuration } });

describe('values of a configuration group', () => {
  let agent: TestAgent;
  beforeEach(async () => {
    agent = await createAgent();
    await agent.prepare();
    expect(await apply(first, 'cg_1/1')).toMatchObject({ fault: undefined, restartRequired: [] });
    await told({ applied: 'cg_1/1' });
  });
  afterEach(async () => { await agent.dispose(); });

  const apply = (parameters: Record<string, string>, configuration: string, options?: RunOptions): Promise<Outcome> => agent.run(configure(parameters, configuration), options);
  const file = (): string => readFileSync(join(agent.boot.paths.config, 'tiny.conf'), 'utf8');
  const live = async (name: string): Promise<string | undefined> => (await ask(join(agent.boot.paths.run, 's.sock'), ['CONFIG', 'GET', name], AbortSignal.timeout(2_000))).split('\r\n').at(-1);
  const setByHand = (name: string, value: string): Promise<string> => ask(join(agent.boot.paths.run, 's.sock'), ['CONFIG', 'SET', name, value], AbortSignal.timeout(2_000));
  const parameters = (): Promise<ReadParametersResponse> => new Promise((resolve, reject) => {
    agent.client().readParameters({ instanceId }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  const since = (): { since: number } => ({ since: agent.conductor.observations.length });
  /** the latest report, now or soon: what it tells, and nothing else is told of the values */
  const told = async (expected: Partial<ConfigurationSight>, from = { since: Math.max(0, agent.conductor.observations.length - 1) }): Promise<void> => {
    const whole = { applied: '', restartRequired: [], drifted: [], ...expected };
    const text = JSON.stringify(Object.entries(whole).sort());
    const plain = (sight: ConfigurationSight | undefined): string => JSON.stringify(Object.entries(sight ?? {}).filter(([key, value]) => value !== undefined && (key !== 'rejectedReason' || 'rejectedReason' in whole)).sort());
    await agent.conductor.observed((seen) => seen.engine === 'ok' && plain(seen.configuration) === text, from);
  };
  const begun = (command: Command, options: RunOptions): { outcome: Promise<Outcome>; begun: Promise<void> } => {
    const progress = Promise.withResolvers<void>();
    const outcome = agent.run(command, { ...options, onProgress: () => progress.resolve() });
    outcome.catch(progress.reject);
    return { outcome, begun: progress.promise };
  };
  const cancel = (operationId: string): Promise<void> => new Promise((resolve, reject) => {
    agent.client().cancel({ instanceId, operationId, fence: { generation: 1, epoch: 1, attempt: 1 } }, (error) => (error ? reject(error) : resolve()));
  });
  /** in the files, live, and as told */
  const expectFirst = async (): Promise<void> => {
    expect(file()).toBe('hz 20\nslowlog-max-len 64\n');
    expect([await live('hz'), await live('slowlog-max-len')]).toEqual(['20', '64']);
    expect(await parameters()).toMatchObject({ sizing: { live: '1' }, group: first });
    expect(agent.conductor.observations.at(-1)?.configuration?.applied).toBe('cg_1/1');
  };

  it('a read of one that is stopped says so, and nothing of a socket', async () => {
    expect((await agent.run({ $case: 'stop', value: { immediate: false } })).fault).toBeUndefined();
    await expect(parameters()).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'The engine is stopped: start the instance' });
  });

  it('are in the files, live, and read back from the engine; without them all is as the engine has it', async () => {
    await expectFirst();
    expect((await parameters()).parameters.find(({ name }) => name === 'hz')).toEqual({ name: 'hz', value: '20', pending: undefined });
    const latencies: number[] = [];
    for (let revision = 2; revision <= 6; revision++) {
      await apply({ hz: `${20 + revision}` }, `cg_1/${revision}`);
      const appliedMs = Date.now();
      latencies.push((await agent.conductor.observed((seen) => seen.configuration?.applied === `cg_1/${revision}`)).heardMs - appliedMs);
    }
    expect(Math.max(...latencies)).toBeLessThan(400);
    expect((await apply({}, '')).fault).toBeUndefined();
    expect([file(), await live('hz'), await live('slowlog-max-len')]).toEqual(['', '10', '128']);
    await told({ applied: '' });
  });

  it('one that the engine refuses fails the command, and those from before are in the files and live', async () => {
    const outcome = await apply({ hz: '30', 'maxmemory-policy': 'nonsense' }, 'cg_1/2');
    expect(outcome.fault).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/^maxmemory-policy: /) as string });
    await expectFirst();
  });

  it('that the engine may take later are not told before, and others are refused back to those from before', async () => {
    expect((await apply({ hz: '30', busy: 'x' }, 'cg_1/2')).fault?.code).toBe('RETRYABLE');
    await agent.conductor.observed((seen) => seen.configuration?.applied === 'cg_1/1', since());
    expect((await apply({ hz: '40', 'maxmemory-policy': 'nonsense' }, 'cg_1/3')).fault?.code).toBe('REFUSED');
    await expectFirst();
    const again = await apply({ ...first, 'maxmemory-policy': 'nonsense' }, 'cg_1/4');
    expect(again.fault?.message).toMatch(/^maxmemory-policy: /);
    await expectFirst();
  });

  it('that the plugin cannot put back either are said to be so, and put back by the next start', async () => {
    const closed = join(agent.boot.paths.config, 'closed');
    writeFileSync(closed, '');
    const { fault } = await apply({ hz: '30' }, 'cg_1/2');
    expect(fault).toEqual({ code: 'FAILED', message: 'the files are closed. The values from before could not be put back yet: the files are closed' });
    rmSync(closed);
    // As if they had been half written.
    writeFileSync(join(agent.boot.paths.config, 'tiny.conf'), 'hz 30\n');
    expect((await agent.run({ $case: 'restart', value: none })).fault).toBeUndefined();
    await expectFirst();
  });

  it('cancelled or late half way, those from before are in the files and live', async () => {
    const operationId = nextOperation();
    const cancelled = begun(configure({ hz: '30', 'slow-9000': 'x' }, 'cg_1/2'), { operationId });
    await cancelled.begun;
    expect(await live('hz')).toBe('30');
    await cancel(operationId);
    expect((await cancelled.outcome).fault?.code).toBe('CANCELLED');
    await expectFirst();
    expect((await apply({ hz: '40', 'slow-9000': 'x' }, 'cg_1/3', { timeoutMs: 1_500 })).fault?.code).toBe('DEADLINE');
    await expectFirst();
  });

  it('of a command that the agent was killed in: the repeat takes them, and they are not told before', async () => {
    const operationId = nextOperation();
    const command = configure({ hz: '30', 'slow-1500': 'x' }, 'cg_1/2');
    const killed = begun(command, { operationId });
    await killed.begun;
    await agent.signal('SIGKILL');
    await expect(killed.outcome).rejects.toThrow();
    const from = since();
    await agent.start();
    expect((await agent.conductor.observed((seen) => seen.engine === 'ok', from)).configuration?.applied).not.toBe('cg_1/2');
    expect(await agent.run(command, { operationId })).toMatchObject({ fault: undefined, replayed: false });
    expect([file(), await live('hz'), await live('slowlog-max-len')]).toEqual(['hz 30\n', '30', '128']);
    await told({ applied: 'cg_1/2' }, from);
    expect(await agent.run(command, { operationId })).toMatchObject({ fault: undefined, replayed: true });
  });

  it('of a command that the agent was killed in and that is then called off: those from before it are back', async () => {
    const operationId = nextOperation();
    const command = configure({ hz: '30', 'slow-9000': 'x' }, 'cg_1/2');
    for (const end of ['kill', 'cancel']) {
      const run = begun(command, { operationId });
      await run.begun;
      if (end === 'cancel') {
        await cancel(operationId);
        expect((await run.outcome).fault?.code).toBe('CANCELLED');
      } else {
        await agent.signal('SIGKILL');
        await expect(run.outcome).rejects.toThrow();
        await agent.start();
      }
    }
    await expectFirst();
  });

  it('that wait for a restart are told until the engine runs them, also when it was a crash that restarted it', async () => {
    expect(await apply({ ...first, databases: '32' }, 'cg_1/2')).toMatchObject({ fault: undefined, restartRequired: ['databases'] });
    await told({ applied: 'cg_1/2', restartRequired: ['databases'] });
    // A restart of the agent is none of the engine.
    await agent.signal('SIGTERM');
    const later = since();
    await agent.start();
    await told({ applied: 'cg_1/2', restartRequired: ['databases'] }, later);
    const from = since();
    process.kill(agent.enginePid(), 'SIGKILL');
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 1 && seen.configuration?.restartRequired.length === 0, from);
    await told({ applied: 'cg_1/2' });
    expect(await live('databases')).toBe('32');
  });

  it('with which the engine does not start are given up on a restart: the fault has its words, it runs with the former ones', async () => {
    // Only a start shows that the engine takes these: from then on they are good.
    const good = { ...first, databases: '32' };
    await apply(good, 'cg_1/2');
    expect((await agent.run({ $case: 'restart', value: none })).fault).toBeUndefined();
    expect(await apply({ ...first, ...poison }, 'cg_1/3')).toMatchObject({ fault: undefined, restartRequired: ['databases'] });
    const from = since();
    const { fault } = await agent.run({ $case: 'restart', value: none });
    expect(fault).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/runs with the former ones again: .*argument must be between 1/s) as string });
    await told({ applied: 'cg_1/2', rejected: 'cg_1/3' }, from);
    const seen = agent.conductor.observations.at(-1);
    expect(seen).toMatchObject({ wanted: 'RUNNING', engine: 'ok', configuration: { rejectedReason: expect.stringMatching(/databases 0/) as string } });
    expect([file(), await live('databases')]).toEqual(['databases 32\nhz 20\nslowlog-max-len 64\n', '32']);
    expect(await parameters()).toMatchObject({ group: good });

    expect((await apply({ hz: '30', databases: '32' }, 'cg_1/4')).fault).toBeUndefined();
    await told({ applied: 'cg_1/4' }, from);
  });

  it('with which the engine does not come back from a crash are given up by the agent alone', async () => {
    await apply({ ...first, ...poison }, 'cg_1/2');
    await agent.conductor.stop();
    const pid = agent.enginePid();
    process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (agent.enginePid() === pid ? '' : await live('hz').catch(() => '')), { timeout: 10_000 }).toBe('20');
    expect(file()).toBe('hz 20\nslowlog-max-len 64\n');
  });

  it('with which the engine does not start after a reboot are given up, and that is told', async () => {
    await apply({ ...first, ...poison }, 'cg_1/2');
    const pid = agent.enginePid();
    await agent.signal('SIGKILL');
    process.kill(pid, 'SIGKILL');
    const from = since();
    await agent.start();
    await told({ applied: 'cg_1/1', rejected: 'cg_1/2' }, from);
    await expectFirst();
    // A later crash is an ordinary one.
    process.kill(agent.enginePid(), 'SIGKILL');
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes > 0 && seen.configuration?.rejected === 'cg_1/2', since());
    await expectFirst();
  });

  it('do not wait for a restart any more once the engine was stopped: its next start takes them, and is not a restart that anybody asks for', async () => {
    await apply({ ...first, databases: '32' }, 'cg_1/2');
    await told({ applied: 'cg_1/2', restartRequired: ['databases'] });
    const from = since();
    expect((await agent.run({ $case: 'stop', value: { immediate: false } })).fault).toBeUndefined();
    await agent.conductor.observed((seen) => seen.wanted === 'STOPPED' && seen.configuration?.applied === 'cg_1/2' && seen.configuration.restartRequired.length === 0, from);
    const later = since();
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    await told({ applied: 'cg_1/2' }, later);
    expect(agent.conductor.observations.slice(later.since).flatMap(({ configuration }) => configuration?.restartRequired ?? [])).toEqual([]);
  });

  it('come to an engine that rests, also where this agent has never seen it well', async () => {
    expect((await agent.run({ $case: 'stop', value: { immediate: false } })).fault).toBeUndefined();
    await agent.signal('SIGTERM');
    const from = since();
    await agent.start();
    expect((await agent.conductor.observed((seen) => seen.engine === 'down', from)).configuration).toEqual({ applied: 'cg_1/1', restartRequired: [], drifted: [] });
    expect(await apply({ hz: '30' }, 'cg_1/2')).toMatchObject({ fault: undefined });
    await agent.conductor.observed((seen) => seen.engine === 'down' && seen.configuration?.applied === 'cg_1/2', from);
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    await told({ applied: 'cg_1/2' }, from);
  });

  it('are not blamed for an engine that does not start with the former ones either', async () => {
    writeFileSync(join(agent.boot.paths.volume, 'data', 'broken'), '');
    await apply({ ...first, databases: '32' }, 'cg_1/2');
    const from = since();
    const { fault } = await agent.run({ $case: 'restart', value: none });
    expect(fault).toMatchObject({ code: 'FAILED_TO_START', message: expect.stringMatching(/With its new values: .*the data is broken.*With the former ones: .*the data is broken/s) as string });
    await agent.conductor.observed((seen) => seen.engine === 'down' && seen.crashes >= 2, from);
    // Repaired between its two starts it would run with the former ones, and the others would be blamed.
    expect((await agent.run({ $case: 'stop', value: { immediate: false } })).fault).toBeUndefined();
    rmSync(join(agent.boot.paths.volume, 'data', 'broken'));
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    await told({ applied: 'cg_1/2' }, from);
    expect([await live('databases'), file()]).toEqual(['32', 'databases 32\nhz 20\nslowlog-max-len 64\n']);
    expect(agent.conductor.observations.slice(from.since).filter((seen) => seen.configuration?.rejected !== undefined || seen.configuration?.applied === 'cg_1/1')).toEqual([]);
  });

  it('changed by hand, in the engine or in its files, are told as drift until they are configured again', async () => {
    await setByHand('hz', '77');
    writeFileSync(join(agent.boot.paths.config, 'tiny.conf'), 'hz 20\nslowlog-max-len 99\n');
    await agent.signal('SIGTERM');
    const from = since();
    await agent.start();
    // The engine was not started since: a restart would take the value of the group again.
    await told({ applied: 'cg_1/1', restartRequired: ['hz'], drifted: ['slowlog-max-len'] }, from);
    expect((await apply(first, 'cg_1/1')).fault).toBeUndefined();
    await told({ applied: 'cg_1/1' });
    await agent.run({ $case: 'restart', value: none });
    await setByHand('hz', '77');
    await agent.signal('SIGTERM');
    const later = since();
    await agent.start();
    await told({ applied: 'cg_1/1', drifted: ['hz'] }, later);
    await expect(apply(first, 'cg_1/1')).resolves.toMatchObject({ fault: undefined });
    await told({ applied: 'cg_1/1' });
    await expectFirst();
  });

  it('are told as they were last seen while the plugin never answers, and nobody waits for it', async () => {
    writeFileSync(join(agent.boot.paths.config, 'reads-nothing'), '');
    expect(await apply({ ...first, databases: '32' }, 'cg_1/2')).toMatchObject({ fault: undefined, restartRequired: ['databases'] });
    await told({ applied: 'cg_1/2' });
    expect((await agent.run({ $case: 'restart', value: none })).fault).toBeUndefined();
    await expect(parameters()).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await agent.conductor.observed((seen) => seen.engine === 'ok', since());
  });

  it('are refused when they are too many to be kept', async () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`a-parameter-with-a-name-of-some-length-${index}`, '1']));
    expect((await apply(many, 'cg_1/2')).fault).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/set fewer parameters/) as string });
    await expectFirst();
  });
});

describe('values that an instance is made with', () => {
  let agent: TestAgent;
  afterEach(async () => { await agent.dispose(); });

  it('are in force from its first start; those that are refused are said to be so once', async () => {
    agent = await createAgent();
    await agent.writeEnrol();
    await agent.start();
    const refused = { hz: '20', leak: 'x' };
    const values = { sizing: {}, parameters: refused, configuration: 'cg_1/1' };
    expect((await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', ...values } })).fault).toBeUndefined();
    expect((await agent.run({ $case: 'configure', value: values })).fault).toEqual({ code: 'FAILED', message: 'could not use  with [secret]' });
    expect((await agent.run(configure(first, 'cg_1/2'))).fault).toBeUndefined();
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    const seen = await agent.conductor.observed(({ engine, configuration }) => engine === 'ok' && configuration !== undefined);
    expect(seen.configuration).toEqual({ applied: 'cg_1/2', restartRequired: [], drifted: [] });
    expect(readFileSync(join(agent.boot.paths.config, 'tiny.conf'), 'utf8')).toBe('hz 20\nslowlog-max-len 64\n');
  });

  it('are given up by nobody when the first start fails with them: there are no others', async () => {
    agent = await createAgent();
    await agent.writeEnrol();
    await agent.start();
    const values = { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: { ...poison }, configuration: 'cg_1/1' };
    expect((await agent.run({ $case: 'initialise', value: values })).fault).toBeUndefined();
    expect((await agent.run({ $case: 'start', value: none })).fault).toMatchObject({ code: 'FAILED_TO_START', message: expect.stringContaining('argument must be between 1') as string });
    const down = await agent.conductor.observed(({ engine, crashes }) => engine === 'down' && crashes > 0);
    expect(down.configuration).toEqual({ applied: 'cg_1/1', restartRequired: [], drifted: [] });
  });
});

describe('a plugin without configuration groups', () => {
  let agent: TestAgent;
  afterEach(async () => { await agent.dispose(); });

  it('is served as before, although it claims them: sizing is taken, values are not', async () => {
    agent = await createAgent();
    await agent.writeEnrol();
    await agent.start({ COFFER_TEST_TINY_WITHOUT_CONFIGURATION: '1' });
    expect(agent.conductor.hellos[0]?.capabilities).toEqual(['DATABASES', 'ROOT', 'TLS', 'USERS']);
    const values = { managementSecret: 'management-secret-0123456789', sizing: {}, parameters: first, configuration: 'cg_1/1' };
    expect((await agent.run({ $case: 'initialise', value: values })).fault).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('CONFIGURATION') as string });
    expect((await agent.run(initialise({ live: '1' }))).fault).toBeUndefined();
    expect((await agent.run(configure({}, ''))).fault).toBeUndefined();
    expect((await agent.run(configure(first, 'cg_1/1'))).fault?.code).toBe('UNSUPPORTED');
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
    const seen = await agent.conductor.observed(({ engine }) => engine === 'ok');
    expect(seen.configuration).toEqual({ applied: '', restartRequired: [], drifted: [] });
    const refused = new Promise((resolve, reject) => { agent.client().readParameters({ instanceId }, (error: ServiceError | null, answer) => (error ? reject(error) : resolve(answer))); });
    await expect(refused).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});
