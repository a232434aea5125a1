/** An instance of another size, through the public API and as stock clients see it: what the engine has, what the kernel allows, what stays. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary, create, type Created, enginePid, finish, psql, redisCli, show, succeed } from '../../support/actions.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { action } from '../../support/documents.ts';
import { attachGroup, makeGroup } from '../../support/groups.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';

const mib = 1024 ** 2;
const isRoot = process.getuid?.() === 0;
/** What the guest's group may take beside the flavor: its agent. */
const agentAllowanceMb = 160;

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

const RESIZE = `mutation ($input: ResizeInstanceInput!) { result: resizeInstance(input: $input) { __typename ... on ResizeInstancePayload { operation { id kind } } ... on Error { code message remedy } ... on InvalidInputError { issues { path message } } } }`;
const resize = async (id: string, flavor: string): Promise<any> => (await coffer.client.query(RESIZE, { input: { instanceId: id, flavor } })).result;
async function begin(id: string, flavor: string): Promise<string> {
  const result = await resize(id, flavor);
  if (result.__typename !== 'ResizeInstancePayload') throw new Error(`refused: ${JSON.stringify(result)}`);
  return result.operation.id;
}
const resized = async (id: string, flavor: string): Promise<void> => { await succeed(coffer.client, await begin(id, flavor)); };
const flavorOf = async (id: string): Promise<string> => (await coffer.client.query('query ($id: ID!) { instance(by: { id: $id }) { flavor { name } } }', { id })).instance.flavor.name;
const attached = async (id: string, values: object[], name: string, datastore: string, version: string): Promise<string> => {
  const group = await makeGroup(coffer.client, { name, datastore, version, values });
  await attachGroup(coffer.client, id, group);
  return group;
};
async function expectLimits(id: string, memoryMb: number): Promise<void> {
  if (isRoot) expect(Number(await readFile(`/sys/fs/cgroup/memory/coffer/${id}/memory.limit_in_bytes`, 'utf8'))).toBe((memoryMb + agentAllowanceMb) * mib);
}

describe('an engine that asks for a restart', () => {
  let made: Created;
  const ask = async (sql: string): Promise<string> => psql(enginesFolder, await show(coffer.client, made.id), { user: 'app', password: made.passwords['app']!, database: 'shop' }, sql);
  const tuned = async (): Promise<string> => ask("select current_setting('shared_buffers') || ' ' || current_setting('max_connections')");
  beforeAll(async () => {
    made = await create(coffer.client, { name: 'shop', datastore: 'postgresql', version: '17', flavor: 'nano', databases: [{ name: 'shop' }], users: [{ name: 'app', databases: ['shop'] }] });
    await succeed(coffer.client, made.operationId);
    await ask('create table kept as select generate_series(1, 1000) as n');
  });

  it('grows and shrinks: tuned anew, with its data, at its address, under its limits', async () => {
    const { endpoints } = await show(coffer.client, made.id);
    for (const [flavor, memoryMb, values] of [['small', 1024, '256MB 128'], ['nano', 256, '64MB 32']] as const) {
      await resized(made.id, flavor);
      expect(await tuned()).toBe(values);
      expect(await ask('select sum(n) from kept')).toBe('500500');
      expect(await flavorOf(made.id)).toBe(flavor);
      expect(await show(coffer.client, made.id)).toMatchObject({ status: 'ACTIVE', endpoints, task: null, fault: null });
      await expectLimits(made.id, memoryMb);
    }
  });

  it('goes back to its former flavor by itself when the engine does not come up, and tells why in the engine\'s words', async () => {
    // As large as it likes, and beyond every machine's memory on a larger flavor.
    await attached(made.id, [{ name: 'max_locks_per_transaction', value: 'max(64, ({memoryMb} - 256) * 1000000)' }], 'greedy', 'postgresql', '17');
    const operation = await finish(coffer.client, await begin(made.id, 'micro'));
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringMatching(/FATAL:.*shared memory/) } });
    expect(operation.fault!.message).not.toContain('did not succeed');
    expect(await tuned()).toBe('64MB 32');
    expect(await ask('select sum(n) from kept')).toBe('500500');
    expect(await flavorOf(made.id)).toBe('nano');
    expect(await show(coffer.client, made.id)).toMatchObject({ status: 'ACTIVE', fault: { code: 'ENGINE.REFUSED' } });
    await expectLimits(made.id, 256);
    expect(JSON.parse(await readFile(join(coffer.home, 'instances', made.id, 'agent/boot.json'), 'utf8')).flavor.memoryMb).toBe(256);
  });
});

describe('an engine that takes its size live', () => {
  let made: Created;
  const login = (): { user: string; password: string } => ({ user: 'app', password: made.passwords['app']! });
  const ask = async (...words: string[]): Promise<string> => redisCli(enginesFolder, await show(coffer.client, made.id), login(), ...words);
  const maxmemory = async (): Promise<number> => Number(/^maxmemory:(\d+)/m.exec(await ask('info', 'memory'))?.[1]);
  const sized = (memoryMb: number): number => Math.floor((memoryMb - 40) * mib * 0.6);
  beforeAll(async () => {
    made = await create(coffer.client, { name: 'cache', datastore: 'redis', version: '8', flavor: 'nano', users: [{ name: 'app' }] });
    await succeed(coffer.client, made.operationId);
  });

  it('grows and shrinks under a connected client, without a restart', async () => {
    const pid = await enginePid(made.id);
    await using held = await hold(made.id, login());
    const client = await held.say('client id');
    for (const [flavor, memoryMb] of [['small', 1024], ['nano', 256]] as const) {
      await resized(made.id, flavor);
      expect(await held.say('client id')).toBe(client);
      expect(await maxmemory()).toBe(sized(memoryMb));
      expect(await flavorOf(made.id)).toBe(flavor);
      await expectLimits(made.id, memoryMb);
    }
    expect(await enginePid(made.id)).toBe(pid);
  });

  it('whose data do not fit refuses before anything changes, with the numbers; and fits when they are gone', async () => {
    await resized(made.id, 'micro');
    await ask('setrange', 'big', String(150 * mib), 'x');
    const operation = await finish(coffer.client, await begin(made.id, 'nano'));
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.UNFIT', message: expect.stringMatching(/used_memory: 1[56]\d MB are in use, and of 256 MB maxmemory would be 130 MB/) } });
    expect(operation.steps.filter(({ attempts }) => attempts > 0).map(({ name }) => name)).toEqual(['ensure-guest', 'enrol', 'reserve', 'check']);
    expect([await flavorOf(made.id), await maxmemory()]).toEqual(['micro', sized(512)]);
    await expectLimits(made.id, 512);
    await ask('del', 'big');
    await resized(made.id, 'nano');
    expect([await flavorOf(made.id), await maxmemory()]).toEqual(['nano', sized(256)]);
  });

  const acted = async (name: 'startInstance' | 'stopInstance'): Promise<void> => {
    const answer = await coffer.client.query(action(name), { input: { instanceId: made.id } });
    await succeed(coffer.client, answer[name].operation.id);
  };
  it('that is stopped is resized as it is, and starts in its new size', async () => {
    await acted('stopInstance');
    await resized(made.id, 'small');
    expect(await show(coffer.client, made.id)).toMatchObject({ status: 'STOPPED', intent: 'STOPPED' });
    await acted('startInstance');
    expect(await maxmemory()).toBe(sized(1024));
    await expectLimits(made.id, 1024);
  });

  it('that is stopped is not given less than what it holds, and stays stopped; else it is', async () => {
    await ask('setrange', 'big', String(150 * mib), 'x');
    await acted('stopInstance');
    const operation = await finish(coffer.client, await begin(made.id, 'nano'));
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'PRECONDITION.UNFIT', message: expect.stringMatching(/used_memory: 1[56]\d MB are in use, and of 256 MB maxmemory would be 130 MB/) } });
    expect(await show(coffer.client, made.id)).toMatchObject({ status: 'STOPPED', intent: 'STOPPED', task: null });
    await expectLimits(made.id, 1024);
    await resized(made.id, 'micro');
    expect(await show(coffer.client, made.id)).toMatchObject({ status: 'STOPPED', intent: 'STOPPED' });
    await acted('startInstance');
    expect([await flavorOf(made.id), await maxmemory()]).toEqual(['micro', sized(512)]);
    await ask('del', 'big');
    await resized(made.id, 'small');
  });

  it('is refused what can be known beforehand, and stays as it is', async () => {
    await attached(made.id, [{ name: 'maxmemory', value: '300MB' }], 'roomy', 'redis', '8');
    for (const flavor of [{ name: 'tiny', vcpus: 0.25, memoryMb: 64 }, { name: 'giant', vcpus: 1, memoryMb: 4_000_000 }]) {
      await coffer.client.query('mutation ($input: CreateFlavorInput!) { createFlavor(input: $input) { __typename } }', { input: flavor });
    }
    expect(await resize(made.id, 'nothing')).toMatchObject({ __typename: 'NotFoundError', message: expect.stringContaining('nothing') });
    expect(await resize(made.id, 'small')).toMatchObject({ __typename: 'PreconditionError', message: 'instance cache has the flavor small' });
    expect(await resize(made.id, 'tiny')).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'flavor'], message: 'redis 8 needs at least 256 MB; tiny has 64' }] });
    expect(await resize(made.id, 'giant')).toMatchObject({ __typename: 'PreconditionError', code: 'ADMISSION.NO_MEMORY', message: expect.stringMatching(/3998976 MB are needed/) });
    expect(await resize(made.id, 'nano')).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'flavor'], message: expect.stringMatching(/^maxmemory must be at most .* \(cache: 256 MB, 1 GB\)$/) }] });
    expect(await flavorOf(made.id)).toBe('small');
    expect(await show(coffer.client, made.id)).toMatchObject({ status: 'ACTIVE', task: null, fault: null });
  });

  it('is resized from the command line', async () => {
    const cli: Cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
    try {
      const { code, out, error } = await cli.run(['instance', 'resize', 'cache', '--flavor', 'micro', '--wait']);
      expect([code, out], error).toEqual([0, expect.stringMatching(/instance\.resize SUCCEEDED/)]);
      expect(await maxmemory()).toBe(300 * mib);
      expect((await cli.run(['instance', 'resize', 'cache', '--flavor', 'nano'])).error).toMatch(/maxmemory must be at most/);
    } finally {
      await cli.remove();
    }
  });
});

/** redis-cli that stays connected; it would log in again by itself, under another number. */
async function hold(id: string, { user, password }: { user: string; password: string }): Promise<AsyncDisposable & { say(line: string): Promise<string> }> {
  const { build, endpoints: [{ host, port }], caCertificate } = await show(coffer.client, id);
  const folder = await mkdtemp(join(tmpdir(), 'coffer-ca-'));
  await writeFile(join(folder, 'ca.pem'), caCertificate);
  const child = spawn(await binary(enginesFolder, build, 'redis-cli'), ['-h', host, '-p', String(port), '--tls', '--cacert', join(folder, 'ca.pem'), '--user', user, '--no-auth-warning'], { env: { REDISCLI_AUTH: password }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async say(line) {
      child.stdin.write(`${line}\n`);
      return String((await lines.next()).value);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
