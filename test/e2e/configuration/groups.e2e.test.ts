/** One group on several instances, as an operator and a stock client see it: confirmed values, changes, restarts, and everything as before. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, enginePid, finish, psql, redisCli, show, succeed, until } from '../../support/actions.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { action } from '../../support/documents.ts';
import { makeGroup } from '../../support/groups.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';

const mib = 1024 ** 2;
interface Login { user: string; password: string }
interface Kind {
  datastore: string; version: string;
  /** memory, processor and volume make three sizes of two flavors */
  flavors: [small: string, big: string];
  /** taken at once, in the engine's own words as its stock client tells them */
  formula: { name: string; value: string; at(memoryMb: number, volumeGb: number): string };
  live: { name: string; value: string; told: string };
  /** taken by the next start */
  restart: { name: string; value: string };
  /** in the catalogue's bounds, and not to the engine's taste */
  poison: { name: string; value: string };
  /** as root: not everybody may look everywhere */
  ask(instance: any, login: Login, name: string): Promise<string>;
}
const kinds: Kind[] = [
  {
    datastore: 'redis', version: '8', flavors: ['nano', 'micro'],
    formula: { name: 'repl-backlog-size', value: '{memoryMb}kB + {volumeGb}MB', at: (memoryMb, volumeGb) => String(memoryMb * 1024 + volumeGb * mib) },
    live: { name: 'hz', value: '20', told: '20' }, restart: { name: 'tcp-backlog', value: '100' },
    poison: { name: 'notify-keyspace-events', value: 'Q?' },
    ask: async (instance, login, name) => new RegExp(`^${{ hz: 'configured_hz' }[name] ?? name.replaceAll('-', '_')}:(.*)$`, 'm').exec(await redisCli(enginesFolder, instance, login, 'info', 'all'))?.[1]?.trim() ?? '',
  },
  {
    datastore: 'postgresql', version: '17', flavors: ['nano', 'micro'],
    formula: { name: 'work_mem', value: '{memoryMb}kB * 2 + {volumeGb}MB', at: (memoryMb, volumeGb) => String(memoryMb * 2 + volumeGb * 1024) },
    live: { name: 'log_min_duration_statement', value: '77s', told: '77000' }, restart: { name: 'max_locks_per_transaction', value: '77' },
    poison: { name: 'TimeZone', value: 'Nowhere/Land' },
    ask: (instance, login, name) => psql(enginesFolder, instance, login, `select setting from pg_settings where name = '${name}'`),
  },
];

let coffer: Installation;
beforeAll(async () => { coffer = await startInstallation(); });
afterAll(async () => { await coffer?.remove(); });

const acted = (name: string): string => {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return `mutation ($input: ${title}Input!) { result: ${name}(input: $input) { __typename ... on ${title}Payload { operation { id } } ... on Error { message } } }`;
};
/** Accepted; answers the operation, null when there is none. */
async function begin(name: string, input: object): Promise<string> {
  const { result } = await coffer.client.query(acted(name), { input });
  if (!result.__typename.endsWith('Payload')) throw new Error(`${name} was refused: ${JSON.stringify(result)}`);
  return result.operation.id as string;
}
const done = async (name: string, input: object): Promise<void> => { await succeed(coffer.client, await begin(name, input)); };

/** Every file of an instance's engine configuration, byte for byte. */
async function filesOf(id: string): Promise<Record<string, string>> {
  const folder = join(coffer.home, 'instances', id, 'config');
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(await Promise.all(files.map(async (path) => [path.slice(folder.length), await readFile(path, 'latin1')])));
}
const attachments = async (id: string): Promise<any[]> => (await coffer.client.query('query ($id: ID!) { configuration(by: { id: $id }) { instances { edges { node { revision appliedRevision restartRequired } } } } }', { id }))
  .configuration.instances.edges.map(({ node }: any) => node);

describe.each(kinds)('a group for $datastore', ({ datastore, version, flavors: [small, big], formula, live, restart, poison, ask }) => {
  const sizes = [{ flavor: small, sizeGb: 1 }, { flavor: small, sizeGb: 2 }, { flavor: big, sizeGb: 1 }];
  const instances: { id: string; login: Login; memoryMb: number; sizeGb: number; before: Record<string, string> }[] = [];
  let group = '';
  const told = async (at: number, name: string): Promise<string> => { const { id, login } = instances[at]!; return ask(await show(coffer.client, id), login, name); };

  beforeAll(async () => {
    const { flavors } = await coffer.client.query('{ flavors { name memoryMb } }');
    const made = await Promise.all(sizes.map(({ flavor, sizeGb }, i) => create(coffer.client, { name: `${datastore}-${i}`, datastore, version, flavor, volume: { sizeGb }, })));
    for (const [i, { id, operationId }] of made.entries()) {
      await succeed(coffer.client, operationId);
      const { flavor, sizeGb } = sizes[i]!;
      const { result } = await coffer.client.query('mutation ($input: EnableRootInput!) { result: enableRoot(input: $input) { ... on EnableRootPayload { credentials { name password } } } }', { input: { instanceId: id } });
      instances.push({ id, login: { user: result.credentials.name, password: result.credentials.password }, memoryMb: flavors.find((one: any) => one.name === flavor).memoryMb, sizeGb, before: await filesOf(id) });
    }
  });

  it('gives each its own value of a formula, as the engine tells its client', async () => {
    group = await makeGroup(coffer.client, { name: `${datastore}-group`, datastore, version, values: [{ name: formula.name, value: formula.value }] });
    await Promise.all(instances.map(({ id }) => done('attachConfiguration', { configurationId: group, instanceId: id })));
    const values = await Promise.all(instances.map((_one, i) => told(i, formula.name)));
    expect(values).toEqual(instances.map(({ memoryMb, sizeGb }) => formula.at(memoryMb, sizeGb)));
    expect(new Set(values).size).toBe(3);
    expect(await attachments(group)).toEqual(instances.map(() => ({ revision: 1, appliedRevision: 1, restartRequired: [] })));
  });

  it('is changed on all of them; what waits for a restart says so until one has come', async () => {
    await done('patchConfiguration', { configurationId: group, set: [{ name: live.name, value: live.value }, { name: restart.name, value: restart.value }], waveSize: 3 });
    for (const [i, { id }] of instances.entries()) {
      expect(await told(i, live.name)).toBe(live.told);
      // It is read from the engine, a moment after the values are in its file.
      const waits = (seen: any): any => seen.conditions.find((c: any) => c.type === 'RestartRequired');
      expect(waits(await until(coffer.client, id, (seen) => waits(seen) !== undefined))).toMatchObject({ reason: 'ParametersWaitForRestart', message: expect.stringContaining(restart.name) });
    }
    const { id } = instances[0]!;
    const now = async (): Promise<unknown> => (await coffer.client.query('query ($id: ID!, $s: String!) { instance(by: { id: $id }) { effectiveParameters(search: $s) { edges { node { name value source pending } } } } }', { id, s: restart.name })).instance.effectiveParameters.edges[0].node;
    expect(await now()).toMatchObject({ name: restart.name, source: 'GROUP', value: expect.not.stringMatching(new RegExp(`^${restart.value}$`)) as string, pending: restart.value });
    const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
    await succeed(coffer.client, restartInstance.operation.id);
    await until(coffer.client, id, (seen) => !seen.conditions.some((c: any) => c.type === 'RestartRequired'));
    expect(await now()).toMatchObject({ value: restart.value, source: 'GROUP', pending: null });
  });

  it('with a value that the engine refuses comes back as a fault that names it, and the engine is as before', async () => {
    const operation = await finish(coffer.client, await begin('patchConfiguration', { configurationId: group, set: [{ name: poison.name, value: poison.value }] }));
    expect(operation).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringContaining(poison.name) } });
    expect(await attachments(group)).toMatchObject(instances.map(() => ({ revision: 2, appliedRevision: 2 })));
    expect((await show(coffer.client, instances[0]!.id)).status).toBe('ACTIVE');
    expect(await told(0, live.name)).toBe(live.told);
  });

  it('leaves no trace when it is detached: files byte for byte, and what the engine has', async () => {
    const usual = await told(1, formula.name);
    await Promise.all(instances.map(({ id }) => done('detachConfiguration', { instanceId: id })));
    for (const [i, { id, before }] of instances.entries()) {
      expect(await filesOf(id)).toEqual(before);
      expect(await told(i, live.name)).not.toBe(live.told);
    }
    expect(await told(1, formula.name)).not.toBe(usual);
  });
});

describe('a value with which the engine does not start', () => {
  const condition = (instance: any, type: string): any => instance.conditions.find((one: any) => one.type === type);
  let id = '';
  let group = '';
  let login: Login;
  const workers = async (): Promise<string> => psql(enginesFolder, await show(coffer.client, id), login, 'show max_worker_processes');

  it('is a fault of the restart with the engine\'s own words; the engine runs with the values from before', async () => {
    const [datastore, version] = ['postgresql', '18'];
    const made = await create(coffer.client, { name: 'poisoned', datastore, version, flavor: 'nano' });
    id = made.id;
    await succeed(coffer.client, made.operationId);
    const { result: root } = await coffer.client.query('mutation ($input: EnableRootInput!) { result: enableRoot(input: $input) { ... on EnableRootPayload { credentials { name password } } } }', { input: { instanceId: id } });
    login = { user: root.credentials.name, password: root.credentials.password };
    const [before, usual] = [await filesOf(id), await workers()];
    // Within its bounds and taken by the server's own check of the file: only a start counts all processes together.
    group = await makeGroup(coffer.client, { name: 'poison', datastore, version, values: [{ name: 'max_worker_processes', value: 262_143 }] });
    await done('attachConfiguration', { configurationId: group, instanceId: id });
    const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
    expect(await finish(coffer.client, restartInstance.operation.id)).toMatchObject({ state: 'FAILED', fault: { code: 'ENGINE.REFUSED', message: expect.stringMatching(/too many server processes.*max_worker_processes/s) as string } });
    const seen = await until(coffer.client, id, (one) => one.status === 'ACTIVE' && condition(one, 'ConfigurationRejected') !== undefined);
    expect(condition(seen, 'ConfigurationRejected').message).toMatch(/did not start with.*max_worker_processes/s);
    expect(await workers()).toBe(usual);
    expect(await filesOf(id)).toEqual(before);
  });

  it('is forgotten with the next good one, which a crash brings into force', async () => {
    await done('patchConfiguration', { configurationId: group, set: [{ name: 'max_worker_processes', value: 9 }] });
    const waiting = await until(coffer.client, id, (one) => condition(one, 'ConfigurationRejected') === undefined && condition(one, 'RestartRequired') !== undefined);
    expect(condition(waiting, 'RestartRequired').message).toContain('max_worker_processes');
    process.kill(await enginePid(id), 'SIGKILL');
    await until(coffer.client, id, (one) => one.status === 'ACTIVE' && condition(one, 'RestartRequired') === undefined);
    expect(await workers()).toBe('9');
  });
});

describe('from the command line', () => {
  let cli: Cli;
  beforeAll(async () => { cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } }); });
  afterAll(() => cli?.remove());
  const ok = async (...words: string[]): Promise<string> => {
    const { code, out, error } = await cli.run(words);
    expect(code, `coffer ${words.join(' ')}\n${out}${error}`).toBe(0);
    return out;
  };

  it('a group is made, judged, given at creation, changed, told, taken back and taken off', async () => {
    const version = ['--datastore', 'redis', '--datastore-version', '8'];
    expect(await ok('configuration', 'validate', ...version, '--flavor', 'nano', 'hz=20', 'repl-backlog-size={memoryMb}kB * 2')).toMatch(/nano +1 GiB +repl-backlog-size +524288/);
    expect((await cli.run(['configuration', 'create', 'line', ...version, 'hzz=20'])).error).toMatch(/did you mean hz/);
    expect(await ok('configuration', 'create', 'line', ...version, 'hz=20', '--description', 'by hand')).toMatch(/hz=20/);
    await ok('instance', 'create', 'made', ...version, '--flavor', 'nano', '--volume', '1', '--configuration', 'line');
    expect(await ok('instance', 'parameters', 'made', '--search', 'hz')).toMatch(/^hz +20 +GROUP/m);
    expect(await ok('configuration', 'patch', 'line', 'hz=30', '--unset', 'timeout').catch((refused: Error) => refused.message)).toMatch(/does not set timeout/);
    const patched = await ok('configuration', 'patch', 'line', 'hz=30');
    expect(patched).toMatch(/line is at revision 2\nconfiguration\.rollout SUCCEEDED/);
    expect(await ok('configuration', 'revert', /op_\w+/.exec(patched)![0])).toMatch(/line is at revision 2\nconfiguration\.rollout SUCCEEDED/);
    expect(await ok('configuration', 'show', 'line')).toMatch(/made +ACTIVE +1 \(behind\) +1/);
    await ok('configuration', 'patch', 'line');
    expect(await ok('configuration', 'show', 'line')).toMatch(/made +ACTIVE +2 +2/);
    expect(await ok('configuration', 'diff', 'line', '--revision', '1')).toMatch(/hz +30 +20/);
    expect(await ok('configuration', 'diff', 'line', '--instance', 'made')).toBe('');
    expect(await ok('instance', 'show', 'made')).toMatch(/configuration +line, revision 2/);
    await ok('configuration', 'restore', 'line', '1');
    expect(await ok('configuration', 'history', 'line')).toMatch(/3 +RESTORED from cfg_\w+\/1 .*hz=20/);
    expect(JSON.parse(await ok('configuration', 'clone', 'found', '--instance', 'made', '--json')).values).toContainEqual({ name: 'hz', value: '20', kind: 'LITERAL', warning: null });
    expect((await cli.run(['configuration', 'delete', 'line', '--yes']))).toMatchObject({ code: 4, error: expect.stringContaining('made') });
    expect(await ok('configuration', 'detach', 'made')).toMatch(/instance\.configure SUCCEEDED/);
    await ok('configuration', 'delete', 'line', '--yes');
    expect(await ok('configuration', 'list', '--json').then((text) => (JSON.parse(text) as { name: string }[]).map(({ name }) => name))).toContain('found');
  });
});
