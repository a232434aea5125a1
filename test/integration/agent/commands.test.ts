import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fence } from '../../../proto/generated/coffer/agent/v1/agent.ts';
import type { Command } from '../../../agent/commands/catalogue.ts';
import { fenceMetadata } from '../../../agent/rpc/errors.ts';
import { createAgent, createDatabase, initialise, instanceId, nextOperation, none, type TestAgent } from './support/agent.ts';

const refusal = async (call: Promise<unknown>): Promise<ServiceError> => call.then(() => { throw new Error('it was not refused'); }, (error: ServiceError) => error);

describe('commands', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await createAgent();
    await agent.prepare();
  });
  afterAll(async () => { await agent.dispose(); });
  const effectsOf = (name: string): string[] => agent.effects().filter((line) => line.endsWith(` ${name}`));
  const cancel = (operationId: string, fence: Partial<Fence> = {}): Promise<void> => new Promise((resolve, reject) => {
    agent.client().cancel({ instanceId, operationId, fence: { generation: 1, epoch: 1, attempt: 1, ...fence } }, (error) => (error ? reject(error) : resolve()));
  });
  const running = (name: string, operationId: string, fence?: Partial<Fence>) => {
    const begun = Promise.withResolvers<void>();
    const outcome = agent.run(createDatabase(name), { operationId, ...(fence ? { fence } : {}), onProgress: () => begun.resolve() });
    outcome.catch(begun.reject);
    return { outcome, begun: begun.promise };
  };

  it('a repeat is answered with the recorded outcome, by a later attempt too', async () => {
    const operationId = nextOperation();
    expect(await agent.run(createDatabase('once'), { operationId })).toMatchObject({ replayed: false });
    expect(await agent.run(createDatabase('once'), { operationId })).toMatchObject({ replayed: true, fault: undefined, items: [{ name: 'once', fault: undefined }] });
    expect(await agent.run(createDatabase('once'), { operationId, fence: { attempt: 2 } })).toMatchObject({ replayed: true });
    expect(effectsOf('once')).toHaveLength(1);
  });
  it('an action of the plugin is a command as others are, and one that is not there is refused', async () => {
    const operationId = nextOperation();
    const mark: Command = { $case: 'pluginAction', value: { name: 'mark', argumentsJson: '{"a":[1]}' } };
    expect(await agent.run(mark, { operationId })).toMatchObject({ replayed: false, fault: undefined });
    expect(await agent.run(mark, { operationId })).toMatchObject({ replayed: true, fault: undefined });
    expect(agent.effects().filter((line) => line === 'mark {"a":[1]}')).toHaveLength(1);
    expect(await agent.run({ $case: 'pluginAction', value: { name: 'constructor', argumentsJson: '{}' } })).toMatchObject({ fault: { code: 'REFUSED', message: expect.stringContaining('constructor') as string } });
  });
  it('each item has its own result, and the others go on', async () => {
    await agent.run(createDatabase('taken'));
    const outcome = await agent.run(createDatabase('before', 'taken', 'behind'));
    expect(outcome.fault).toBeUndefined();
    expect(outcome.items.map((item) => item.fault?.code)).toEqual([undefined, 'EXISTS', undefined]);
  });
  it('a failure that may pass is run again and goes on where it stopped', async () => {
    const operationId = nextOperation();
    for (const _ of [1, 2]) {
      const outcome = await agent.run(createDatabase('first-of-two', 'busy'), { operationId });
      expect(outcome).toMatchObject({ replayed: false, fault: { code: 'RETRYABLE' } });
      expect(outcome.items.map((item) => item.fault?.code)).toEqual([undefined, 'RETRYABLE']);
    }
    expect(effectsOf('first-of-two')).toHaveLength(1);
  });
  it('a final refusal is replayed within its attempt and asked anew by the next', async () => {
    const operationId = nextOperation();
    const command: Command = { $case: 'deleteDatabase', value: { name: 'never-there' } };
    expect(await agent.run(command, { operationId })).toMatchObject({ fault: { code: 'MISSING' }, replayed: false });
    expect(await agent.run(command, { operationId })).toMatchObject({ fault: { code: 'MISSING' }, replayed: true });
    expect(await agent.run(command, { operationId, fence: { attempt: 2 } })).toMatchObject({ replayed: false });
  });
  it('one step name stands for one command', async () => {
    const operationId = nextOperation();
    await agent.run(createDatabase('a-name'), { operationId });
    expect((await refusal(agent.run(createDatabase('another-name'), { operationId }))).code).toBe(status.INVALID_ARGUMENT);
  });
  it('a retry of the operation is done anew, with other content too, and whoever takes it over is answered from there on', async () => {
    const operationId = nextOperation();
    const mark = (content: number): Command => ({ $case: 'pluginAction', value: { name: 'mark', argumentsJson: `{"retried":${content}}` } });
    const marks = (): number => agent.effects().filter((line) => line.startsWith('mark {"retried"')).length;
    await agent.run(mark(1), { operationId, fence: { epoch: 2 } });
    await agent.run(createDatabase('of-the-first'), { operationId, step: 'items', fence: { epoch: 2 } });
    for (const [content, fence, replayed] of [[1, { epoch: 2, attempt: 2 }, true], [1, { epoch: 3, attempt: 3 }, false], [1, { epoch: 3, attempt: 4 }, true], [2, { epoch: 4, attempt: 5 }, false]] as const) {
      expect(await agent.run(mark(content), { operationId, fence })).toMatchObject({ fault: undefined, replayed });
    }
    expect(marks()).toBe(3);
    await agent.run(createDatabase('of-the-retry'), { operationId, step: 'items', fence: { epoch: 4, attempt: 5 } });
    expect(effectsOf('of-the-retry')).toHaveLength(1);
    expect((await refusal(agent.run(mark(3), { operationId, fence: { epoch: 4, attempt: 6 } }))).code).toBe(status.INVALID_ARGUMENT);
  });
  it('a retry that brings other content does not join what still runs', async () => {
    const operationId = nextOperation();
    const old = running('slow-7001', operationId, { epoch: 4, attempt: 1 });
    await old.begun;
    expect(await agent.run(createDatabase('retried'), { operationId, fence: { epoch: 5, attempt: 2 } })).toMatchObject({ fault: undefined, replayed: false, items: [{ name: 'retried', fault: undefined }] });
    expect((await old.outcome).fault?.code).toBe('CANCELLED');
    expect(effectsOf('retried')).toHaveLength(1);
  });
  it('an older fence is refused, with the newest one told, and nothing happens', async () => {
    await agent.run(createDatabase('fenced-1'), { fence: { epoch: 5 } });
    const error = await refusal(agent.run(createDatabase('fenced-2'), { fence: { epoch: 4 } }));
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(JSON.parse(String(error.metadata.get(fenceMetadata)[0]))).toMatchObject({ generation: 1, epoch: 5 });
    expect((await refusal(cancel('op_x', { epoch: 4 }))).code).toBe(status.FAILED_PRECONDITION);
    const operationId = nextOperation();
    await agent.run(createDatabase('fenced-3'), { operationId, step: 'a', fence: { epoch: 5, attempt: 3 } });
    expect((await refusal(agent.run(createDatabase('fenced-4'), { operationId, step: 'b', fence: { epoch: 5, attempt: 2 } }))).code).toBe(status.FAILED_PRECONDITION);
    expect([...effectsOf('fenced-2'), ...effectsOf('fenced-4')]).toEqual([]);
  });
  it('an absent capability is answered before anything changes', async () => {
    const outcome = await agent.run({ $case: 'grant', value: { user: { name: 'x' }, grants: [] } }, { fence: { epoch: 5 } });
    expect(outcome.fault?.code).toBe('UNSUPPORTED');
  });
  it('a repeat of what runs joins it', async () => {
    const operationId = nextOperation();
    const first = running('slow-600', operationId, { epoch: 5 });
    await first.begun;
    const heard: number[] = [];
    const second = agent.run(createDatabase('slow-600'), { operationId, fence: { epoch: 5, attempt: 2 }, onProgress: ({ fraction }) => heard.push(fraction) });
    expect(await first.outcome).toMatchObject({ fault: undefined });
    expect(await second).toMatchObject({ fault: undefined, replayed: false });
    expect(heard.length).toBeGreaterThan(0);
    expect([...heard].sort((a, b) => a - b)).toEqual(heard);
    expect(effectsOf('slow-600')).toHaveLength(1);
  });
  it('a broken stream does not stop a command', async () => {
    const operationId = nextOperation();
    const request = { instanceId, operationId, step: 'step', fence: { generation: 1, epoch: 5, attempt: 1 }, timeoutMs: 5_000, command: createDatabase('slow-500') };
    const call = agent.client().run(request, new Metadata());
    await new Promise((resolve) => call.once('data', resolve));
    call.on('error', () => undefined);
    call.cancel();
    expect(await agent.run(createDatabase('slow-500'), { operationId, fence: { epoch: 5 } })).toMatchObject({ fault: undefined });
    expect(effectsOf('slow-500')).toHaveLength(1);
  });
  it('cancel ends what runs and answers when it has ended', async () => {
    const operationId = nextOperation();
    const { outcome, begun } = running('slow-9000', operationId, { epoch: 5 });
    await begun;
    await cancel(operationId, { epoch: 5 });
    expect((await outcome).fault?.code).toBe('CANCELLED');
    expect(effectsOf('slow-9000')).toEqual([]);
  });
  it('the deadline ends a command', async () => {
    expect((await agent.run(createDatabase('slow-8000'), { timeoutMs: 300, fence: { epoch: 5 } })).fault?.code).toBe('DEADLINE');
  });
  it('commands run one after the other; a newer fence ends the older one', async () => {
    const order: string[] = [];
    const first = running('slow-400', nextOperation(), { epoch: 5 });
    await first.begun;
    const second = agent.run(createDatabase('waits'), { fence: { epoch: 5 } });
    await Promise.all([first.outcome.then(() => order.push('first')), second.then(() => order.push('second'))]);
    expect(order).toEqual(['first', 'second']);

    const old = running('slow-7000', nextOperation(), { epoch: 5 });
    await old.begun;
    expect((await agent.run({ $case: 'stop', value: { immediate: true } }, { fence: { epoch: 6 } })).fault).toBeUndefined();
    expect((await old.outcome).fault?.code).toBe('CANCELLED');
    expect((await agent.run({ $case: 'start', value: none }, { fence: { epoch: 6 } })).fault).toBeUndefined();
  });
  it('no secret reaches an answer, the journal or the log', async () => {
    const password = 'Tr0ub4dor-and-3';
    const leak: Command = { $case: 'createUsers', value: { users: [{ user: { name: 'leak' }, password, grants: [] }] } };
    const outcome = await agent.run(leak, { fence: { epoch: 6 } });
    expect(outcome.fault).toMatchObject({ code: 'FAILED', message: 'could not use [secret] with [secret]' });
    const bug = await agent.run({ $case: 'createUsers', value: { users: [{ user: { name: 'bug' }, password, grants: [] }] } }, { fence: { epoch: 6 } });
    expect(bug.fault?.message).toMatch(/log has the details/);
    const written = ['agent/journal/slots', 'agent/state.json', 'logs/agent.log'].map((path) => readFileSync(join(agent.root, path), 'latin1')).join('');
    expect(written).not.toContain(password);
    expect(written).not.toContain('management-secret');
  });
  it('initialise never touches data that was made before', async () => {
    const made = agent.effects().filter((line) => line.startsWith('initialise')).length;
    expect((await agent.run(initialise(), { fence: { epoch: 6 } })).fault).toBeUndefined();
    const other: Command = { $case: 'initialise', value: { managementSecret: 'quite-another-secret', sizing: {}, parameters: {}, configuration: '' } };
    expect((await agent.run(other, { fence: { epoch: 6 } })).fault?.code).toBe('REFUSED');
    expect(agent.effects().filter((line) => line.startsWith('initialise'))).toHaveLength(made);
  });
  it('configure tells what waits for a restart', async () => {
    const outcome = await agent.run({ $case: 'configure', value: { sizing: { 'restart-me': '1', live: '2' }, parameters: {}, configuration: '' } }, { fence: { epoch: 6 } });
    expect(outcome.restartRequired).toEqual(['restart-me']);
  });
  it('root is enabled, told in a report, and disabled', async () => {
    const since = agent.conductor.observations.length;
    expect(await agent.run({ $case: 'enableRoot', value: { password: 'root-password-1' } }, { fence: { epoch: 6 } })).toMatchObject({ rootName: 'root' });
    await agent.conductor.observed((seen) => seen.rootEnabled === true, { since });
    await agent.run({ $case: 'disableRoot', value: none }, { fence: { epoch: 6 } });
    await agent.conductor.observed((seen) => seen.rootEnabled === false, { since });
  });
  it('a command deaf to its abort is answered in time all the same', async () => {
    const { outcome, begun } = running('stubborn-7000', nextOperation(), { epoch: 6 });
    await begun;
    const waiting = agent.run(createDatabase('after-stubborn'), { fence: { epoch: 6 }, timeoutMs: 15_000 });
    const startedMs = Date.now();
    cancel('op_unrelated', { epoch: 6 }).catch(() => undefined);
    expect((await agent.run({ $case: 'configure', value: { sizing: {}, parameters: {}, configuration: '' } }, { fence: { epoch: 7 }, timeoutMs: 15_000 })).fault).toBeUndefined();
    expect((await outcome).fault?.code).toBe('CANCELLED');
    expect((await waiting).fault?.code).toBe('CANCELLED');
    expect(Date.now() - startedMs).toBeLessThan(12_000);
    await delay(0);
  });
});
