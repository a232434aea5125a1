/** The example plugin as a stranger's: packed, installed beside an installation, named in its configuration. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, processesOf, remove, show, succeed } from '../../support/actions.ts';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { enginesFolder, type Installation, ROOT, startInstallation } from '../../support/installation.ts';
import { generatePackages, install, pack } from '../../support/plugin-packages.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const modes = isRoot ? [{ name: 'as root', uid: undefined }, { name: 'as an ordinary user', uid: 65_534 }] : [{ name: 'as an ordinary user', uid: undefined }];
const enginePorts = '21670-21689';

let folder: string;
let tarballs: string[];
beforeAll(async () => {
  await generatePackages();
  folder = await mkdtemp(join(tmpdir(), 'coffer-packages-'));
  tarballs = await pack(['./sdk', './examples/plugins/valkey'], folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('is two small packages, of which one depends on the other and on nothing else', async () => {
  expect(tarballs.map((path) => path.split('/').at(-1))).toEqual(['coffer-plugin-sdk-1.4.0.tgz', 'coffer-plugin-valkey-0.1.0.tgz']);
});

it('tells a stranger\'s compiler what is wrong, and nothing else', async () => {
  const project = join(folder, 'typed');
  await mkdir(join(project, 'node_modules'), { recursive: true });
  await install([tarballs[0]!], project, folder);
  for (const name of ['@types', 'undici-types']) await symlink(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  await writeFile(join(project, 'plugin.ts'), [
    "import { definePlugin, GuestFault, type GuestContext, type InputIssue, type ProbeState } from '@coffer/plugin-sdk';",
    "export const refuse = (ctx: GuestContext): InputIssue[] => { throw new GuestFault('EXISTS', ctx.paths.data); };",
    "export const wrong: ProbeState = 'fine';",
    'export default definePlugin;',
  ].join('\n'));
  const answer = await run(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node', 'plugin.ts'], { cwd: project }).then(() => '', ({ stdout }: { stdout: string }) => stdout);
  expect(answer.trim().split('\n')).toEqual([expect.stringMatching(/^plugin\.ts\(3,14\): error TS2322/)]);
});

describe.each(modes)('in an installation started $name', ({ uid }) => {
  let coffer: Installation;
  let cli: Cli;
  beforeAll(async () => {
    const home = await mkdtemp(join(tmpdir(), 'coffer-e2e-'));
    await chmod(home, 0o755);
    await install(tarballs, home, folder);
    expect(await readdir(join(home, 'node_modules'))).toEqual(expect.arrayContaining(['@coffer', 'coffer-plugin-valkey']));
    // A neighbour that ends whatever imports it: none of this one's agents and client processes does.
    const leaving = join(home, 'node_modules/leaving.mjs');
    await writeFile(leaving, 'process.exit(7);');
    if (uid !== undefined) await chown(home, uid, uid);
    coffer = await startInstallation({ home, env: { COFFER_PLUGINS: `${leaving},coffer-plugin-valkey`, COFFER_ENGINE_PORTS: enginePorts }, ...(uid === undefined ? {} : { uid }) });
    cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
  }, 600_000);
  afterAll(async () => {
    await cli?.remove();
    await coffer?.remove();
  });

  it('stands in the catalogue beside the built-in ones, with where it comes from', async () => {
    const { datastores } = await coffer.client.query('{ datastores { edges { node { name plugin { origin state version apiVersion } } } } }');
    const plugins = Object.fromEntries(datastores.edges.map(({ node }: any) => [node.name, node.plugin]));
    expect(plugins).toMatchObject({ valkey: { state: 'READY', version: '0.1.0', apiVersion: '^1.4', origin: expect.stringContaining('node_modules/coffer-plugin-valkey') as string } });
    expect(Object.keys(plugins).length).toBeGreaterThan(1);
    const listed = await cli.run(['datastore', 'list']);
    expect(listed.out, listed.error).toMatch(/valkey +8\* 9/);
  });

  it('its control half refuses what its engine would not take, with field and remedy', async () => {
    await expect(create(coffer.client, { name: 'wrong', datastore: 'valkey', flavor: 'nano', users: [{ name: 'default' }] })).rejects.toThrow(/reserved/);
    await expect(create(coffer.client, { name: 'wrong', datastore: 'valkey', flavor: 'nano', databases: [{ name: 'one' }] })).rejects.toThrow(/DATABASES|no named databases/);
  });

  it('makes an instance that its stock client reaches over TLS, and removes it without a trace', async () => {
    const made = await create(coffer.client, { name: 'cache', datastore: 'valkey', flavor: 'nano', users: [{ name: 'app' }] });
    await succeed(coffer.client, made.operationId);
    const instance = await show(coffer.client, made.id);
    expect(instance).toMatchObject({ status: 'ACTIVE' });

    const caFile = join(folder, `${made.id}.pem`);
    await writeFile(caFile, instance.caCertificate);
    const program = join(enginesFolder, 'builds', instance.build, 'usr/bin/valkey-cli');
    const [{ host, port }] = instance.endpoints;
    const say = (password: string, ...command: string[]): Promise<string> =>
      run(program, ['-h', host, '-p', String(port), '--tls', '--cacert', caFile, '--user', 'app', '--no-auth-warning', ...command], { env: { REDISCLI_AUTH: password }, timeout: 15_000 }).then(({ stdout }) => stdout.trim());
    const password = made.passwords['app']!;
    expect(await say(password, 'set', 'greeting', 'hello')).toBe('OK');
    expect(await say(password, 'get', 'greeting')).toBe('hello');
    expect(await say('wrong', 'get', 'greeting')).toMatch(/NOAUTH|WRONGPASS/);
    expect(await say(password, 'config', 'get', 'dir')).toMatch(/NOPERM/);

    const second = await cli.run(['user', 'create', 'cache', 'second']);
    expect(second, second.error).toMatchObject({ code: 0 });
    expect((await cli.run(['user', 'list', 'cache'])).out).toMatch(/app[^]*second/);
    const restarted = await cli.run(['instance', 'restart', 'cache']);
    expect(restarted, restarted.error).toMatchObject({ code: 0 });
    expect(await say(password, 'get', 'greeting')).toBe('hello');

    const { instance: { valkey } } = await coffer.client.query('query($id: ID!) { instance(by: { id: $id }) { valkey { memory { usedBytes limitBytes } first: keyspace { keys } second: keyspace(number: 1) { keys } } } }', { id: made.id });
    expect(valkey).toEqual({ memory: { usedBytes: expect.any(Number) as number, limitBytes: expect.any(Number) as number }, first: { keys: 1 }, second: { keys: 0 } });
    expect(valkey.memory.limitBytes).toBeGreaterThan(valkey.memory.usedBytes);
    const files = (): Promise<string[]> => readdir(join(coffer.home, 'instances', made.id, 'volume/data/appendonlydir')).then((names) => names.sort());
    const before = await files();
    const rewrite = 'mutation($id: ID!) { valkeyRewriteLog(input: { instanceId: $id }) { __typename ... on ValkeyRewriteLogPayload { operation { state kind } error { message } } ... on Error { code message } } }';
    expect((await coffer.client.query(rewrite, { id: made.id })).valkeyRewriteLog).toEqual({ __typename: 'ValkeyRewriteLogPayload', operation: { state: 'SUCCEEDED', kind: 'engine.command' }, error: null });
    expect(await files()).not.toEqual(before);
    expect(await say(password, 'get', 'greeting')).toBe('hello');

    expect((await readFile(join(coffer.home, 'instances', made.id, 'logs/valkey.log'), 'utf8'))).not.toContain(password);
    await remove(coffer.client, made.id);
    expect(await processesOf(made.id)).toEqual([]);
  });
});
