/** What people and programs may ask for at the same time, twice, or in the wrong state. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, enginePid, finish, processesOf, redisCli, remove, show, succeed, until } from '../support/actions.ts';
import { action, CREATE, DELETE } from '../support/documents.ts';
import { enginesFolder, startInstallation, type Installation } from '../support/installation.ts';
import { eventually, expectGone } from './matrix/checks.ts';

let coffer: Installation;
let id: string;
let password: string;
beforeAll(async () => {
  coffer = await startInstallation();
  const made = await create(coffer.client, { name: 'main', datastore: 'redis', version: '8', users: [{ name: 'app' }] });
  [id, password] = [made.id, made.passwords['app']!];
  await succeed(coffer.client, made.operationId);
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
});
afterAll(() => coffer?.remove());

const act = async (verb: 'start' | 'stop' | 'restart' | 'reset', instanceId = id): Promise<any> =>
  Object.values<any>(await coffer.client.query(action(`${verb}Instance`), { input: { instanceId } }))[0];
const done = async (verb: 'start' | 'stop' | 'restart' | 'reset'): Promise<void> => { await succeed(coffer.client, (await act(verb)).operation.id); };
const createAnswer = async (input: Record<string, unknown>): Promise<any> =>
  (await coffer.client.query(CREATE, { input: { datastore: 'redis', version: '8', flavor: 'nano', volume: { sizeGb: 1 }, ...input } })).createInstance;
const UPDATE = `mutation($input: UpdateInstanceInput!) { updateInstance(input: $input) { __typename ... on UpdateInstancePayload { instance { name revision deletionProtection } } ... on Error { code message } } }`;
const update = async (input: Record<string, unknown>): Promise<any> => (await coffer.client.query(UPDATE, { input })).updateInstance;
const cli = (...command: string[]): Promise<string> => show(coffer.client, id).then((instance) => redisCli(enginesFolder, instance, { user: 'app', password }, ...command));

describe('stop, start, restart, reset', () => {
  it('stop leaves the agent alone, and start brings the data back', async () => {
    expect(await cli('set', 'kept', '1')).toBe('OK');
    await done('stop');
    await until(coffer.client, id, (instance) => instance.status === 'STOPPED' && instance.intent === 'STOPPED');
    await eventually(() => processesOf(id), (seen) => seen.length === 1, 'the agent alone');
    await done('stop');
    await done('start');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
    expect(await cli('get', 'kept')).toBe('1');
  });

  it('a stopped one stays stopped through a restart of the control plane, and is not ACTIVE by a restart of its agent', async () => {
    await done('stop');
    await coffer.end('SIGTERM');
    await coffer.start();
    await until(coffer.client, id, (instance) => instance.status === 'STOPPED');
    const agent = await processesOf(id);
    expect(agent).toHaveLength(1);
    process.kill(agent[0]!.pid, 'SIGKILL');
    await eventually(() => processesOf(id), (seen) => seen.length === 1 && seen[0]!.pid !== agent[0]!.pid, 'another agent');
    await until(coffer.client, id, (instance) => instance.status === 'STOPPED');
    await done('start');
  });

  it('restart gives another process, reset keeps a healthy one going', async () => {
    const before = await enginePid(id);
    await done('restart');
    expect(await enginePid(id)).not.toBe(before);
    await done('reset');
    await until(coffer.client, id, (instance) => instance.status === 'ACTIVE' && instance.fault === null);
    expect(await cli('get', 'kept')).toBe('1');
  });

  it('two at once: one works, the other is told which', async () => {
    const answers = await Promise.all([act('restart'), act('restart')]);
    const accepted = answers.filter((answer) => answer.__typename === 'RestartInstancePayload');
    const refused = answers.filter((answer) => answer.__typename === 'ConflictError');
    expect([accepted.length, refused.length]).toEqual([1, 1]);
    expect(refused[0]).toMatchObject({ code: 'CONFLICT.BUSY', message: expect.stringContaining(accepted[0].operation.id) });
    await succeed(coffer.client, accepted[0].operation.id);
  });
});

describe('deletion protection', () => {
  it('refuses a delete, also a forced one, until it is turned off', async () => {
    const made = await create(coffer.client, { name: 'protected', datastore: 'redis', version: '8', deletionProtection: true });
    await finish(coffer.client, made.operationId);
    for (const force of [false, true]) {
      const { deleteInstance } = await coffer.client.query(DELETE, { input: { instanceId: made.id, force } });
      expect(deleteInstance).toMatchObject({ __typename: 'PreconditionError', code: 'PRECONDITION.DELETION_PROTECTED', remedy: expect.stringContaining('updateInstance') });
    }
    expect(await update({ instanceId: made.id, deletionProtection: false })).toMatchObject({ instance: { deletionProtection: false } });
    await remove(coffer.client, made.id);
    await expectGone({ coffer }, made.id);
  });
});

describe('an idempotency key', () => {
  const input = { name: 'once', idempotencyKey: 'key-1', users: [{ name: 'app' }] };
  let first: any;

  it('answers the same create with the same instance, without passwords', async () => {
    first = await createAnswer(input);
    expect(first.userCredentials[0].password).toEqual(expect.any(String));
    const again = await createAnswer({ users: [{ name: 'app' }], idempotencyKey: 'key-1', name: 'once' });
    expect(again).toMatchObject({ instance: { id: first.instance.id }, operation: { id: first.operation.id }, userCredentials: [{ name: 'app', password: null }] });
  });

  it('with another input is a conflict', async () => {
    expect(await createAnswer({ ...input, name: 'other' })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT.IDEMPOTENCY_KEY_REUSED' });
  });

  it('makes one of ten that race, and tells the password once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => createAnswer({ name: 'raced', idempotencyKey: 'key-2', users: [{ name: 'app' }] })));
    expect(new Set(answers.map((answer) => answer.instance.id)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.operation.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.userCredentials[0].password !== null)).toHaveLength(1);
    await remove(coffer.client, answers[0].instance.id);
  });

  it('whose instance is gone is a conflict, not a second instance', async () => {
    await remove(coffer.client, first.instance.id);
    const again = await createAnswer(input);
    expect(['ConflictError', 'CreateInstancePayload']).toContain(again.__typename);
    if (again.__typename === 'CreateInstancePayload') expect(again.instance.id).toBe(first.instance.id);
  });
});

describe('names', () => {
  it('are unique in a project, also in a race, and free again after a delete', async () => {
    expect(await createAnswer({ name: 'main' })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT.NAME_TAKEN' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => createAnswer({ name: 'wanted' })));
    const accepted = answers.filter((answer) => answer.__typename === 'CreateInstancePayload');
    expect(accepted).toHaveLength(1);
    expect(answers.filter((answer) => answer.code === 'CONFLICT.NAME_TAKEN')).toHaveLength(4);
    await remove(coffer.client, accepted[0].instance.id);
    const again = await createAnswer({ name: 'wanted' });
    expect(again.__typename).toBe('CreateInstancePayload');
    await remove(coffer.client, again.instance.id);
  });
});

describe('optimistic concurrency', () => {
  it('of two writers who read the same revision one wins, the other is told', async () => {
    const { instance } = await coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { revision } }', { id });
    const answers = await Promise.all(['a', 'b'].map((value) => update({ instanceId: id, revision: instance.revision, tags: [{ key: 'writer', value }] })));
    expect(answers.map((answer) => answer.__typename).sort()).toEqual(['ConflictError', 'UpdateInstancePayload']);
    expect(answers.find((answer) => answer.__typename === 'ConflictError')).toMatchObject({ code: 'CONFLICT.STALE' });
  });
});
