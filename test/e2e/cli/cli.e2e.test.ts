/** What people do with the client, on a real installation with real engines. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { type Installation, ROOT, startInstallation } from '../../support/installation.ts';

let coffer: Installation;
let cli: Cli;
const json = (text: string): any => JSON.parse(text);
const done = async (args: readonly string[], options?: Parameters<Cli['run']>[1]): Promise<{ out: string; error: string }> => {
  const ended = await cli.run(args, options);
  expect(ended, `${args.join(' ')}\n${ended.out}${ended.error}`).toMatchObject({ code: 0 });
  return ended;
};
const passwordIn = (out: string, user: string): string => new RegExp(`^${user} +(\\S+)$`, 'm').exec(out)![1]!;

beforeAll(async () => {
  coffer = await startInstallation();
  // Nothing is configured: the client finds the installation of this machine by its home.
  cli = await prepareCli({ env: { COFFER_HOME: coffer.home } });
});
afterAll(async () => {
  await cli?.remove();
  await coffer?.remove();
});

describe('from an empty installation to a connection', () => {
  it('shows what can be had, and who one is', async () => {
    expect((await done(['context', 'show'])).out).toMatch(/admin-token\n.*\nserver|operator/);
    expect((await done(['datastore', 'list'])).out).toMatch(/postgresql +15 17\* 18[^]*redis/);
    expect((await done(['system'])).out).toMatch(/HOST/);
  });

  it('makes a server, telling every step, the password once and how to connect', async () => {
    const { out, error } = await done(['instance', 'create', 'cache', '--datastore', 'redis', '--flavor', 'nano', '--volume', '1', '--user', 'app']);
    const steps = error.split('\n').filter((line) => /^\d+% /.test(line));
    expect(steps.length).toBeGreaterThan(8);
    expect(steps.at(-1)).toMatch(/^100%/);
    expect(out).toMatch(/^cache ACTIVE {2}redis/);
    expect(error).not.toContain(passwordIn(out, 'app'));
    expect(error).toMatch(/coffer instance connect cache/);
  });

  it('connects with the stock client: password from standard input, what follows is the client’s', async () => {
    const password = passwordIn((await done(['root', 'enable', 'cache'])).out, 'root');
    const { out } = await done(['instance', 'connect', 'cache', '--user', 'root', '--password-stdin'], { input: `${password}\nSET a 41\nINCR a\n` });
    expect(out.trim().split('\n')).toEqual(['OK', '42']);
    await done(['root', 'disable', 'cache']);
    expect((await cli.run(['instance', 'connect', 'cache', '--user', 'root', '--password-stdin'], { input: `${password}\nGET a\n` })).out).not.toContain('42');
    expect((await done(['root', 'show', 'cache'])).out).toMatch(/was enabled/);
  });

  it('a database and a user of its own, password in a file, TLS verified, never on a command line', async () => {
    const { out } = await done(['instance', 'create', 'shop', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1', '--database', 'app', '--user', 'app', '--password-file', 'shop.pw', '--json']);
    const password = (await readFile(join(cli.folder, 'shop.pw'), 'utf8')).trim();
    expect(out).not.toContain(password);
    expect(json(out)).toMatchObject({ instance: { status: 'ACTIVE' }, operation: { state: 'SUCCEEDED' }, userCredentials: [{ name: 'app', password: null }] });
    const printed = await done(['instance', 'connect', 'shop', '--print']);
    expect(printed.out).toMatch(/PGSSLMODE=verify-full/);
    expect(printed.out).not.toContain(password);
    const asked = await done(['instance', 'connect', 'shop', '--', '-At', '-c', 'select current_database(), 41 + 1'], { env: { COFFER_PASSWORD: password } });
    expect(asked.out).toBe('app|42\n');
    const refused = await cli.run(['instance', 'connect', 'shop', '--', '-c', 'select nonsense'], { env: { COFFER_PASSWORD: password } });
    expect(refused).toMatchObject({ code: 1, error: expect.stringMatching(/nonsense/) });
  });

  it('manages databases and users, whatever their names are', async () => {
    await done(['database', 'create', 'shop', 'orders', 'we"ird ☃']);
    expect(json((await done(['database', 'list', 'shop', '--json'])).out).map(({ name }: any) => name)).toEqual(expect.arrayContaining(['app', 'orders', 'we"ird ☃']));
    await done(['user', 'create', 'shop', 'o\'brien', '--database', 'orders', '--password-stdin'], { input: 'a long enough password\n' });
    await done(['user', 'grant', 'shop', 'o\'brien', 'we"ird ☃']);
    const obrien = json((await done(['user', 'list', 'shop', '--json'])).out).find(({ name }: any) => name === 'o\'brien');
    expect(obrien.grants.map(({ database }: any) => database).sort()).toEqual(['orders', 'we"ird ☃']);
    await done(['user', 'revoke', 'shop', 'o\'brien', 'orders']);
    await done(['user', 'delete', 'shop', 'o\'brien', '--yes']);
    await done(['database', 'delete', 'shop', 'orders', '--yes']);
    expect(await cli.run(['database', 'create', 'shop', 'app'])).toMatchObject({ code: 4, error: expect.stringMatching(/CONFLICT\.EXISTS/) });
    expect(await cli.run(['database', 'delete', 'shop', 'orders', '--yes'])).toMatchObject({ code: 3, error: expect.stringMatching(/^coffer: orders: database "orders" does not exist/) });
    expect(await cli.run(['database', 'create', 'cache', 'app'])).toMatchObject({ code: 4, error: expect.stringMatching(/CAPABILITY\.UNSUPPORTED/) });
  });
});

describe('while things break', () => {
  it('follows a create to its end although the gateway is killed in its middle', async () => {
    const creating = cli.start(['instance', 'create', 'survivor', '--datastore', 'redis', '--flavor', 'nano', '--volume', '1', '--user', 'app']);
    await creating.saw(/Create the volume: done/);
    process.kill(await coffer.gatewayPid(), 'SIGKILL');
    const { code, out, error } = await creating.ended;
    expect({ code, error }).toMatchObject({ code: 0, error: expect.stringMatching(/connection was lost[^]*Connected again[^]*100%/) });
    expect(out).toMatch(/^survivor ACTIVE/);
    for (const title of ['Create the volume', 'Enrol the agent', 'Connect as a user would']) expect(error.match(new RegExp(`${title}: done`, 'g')), title).toHaveLength(1);
  });

  it('a name that is taken ends with 4 and says what to do', async () => {
    const ended = await cli.run(['instance', 'create', 'cache', '--datastore', 'redis', '--flavor', 'nano', '--volume', '1', '--json']);
    expect(ended.code).toBe(4);
    expect(json(ended.error).error).toMatchObject({ code: 'CONFLICT.NAME_TAKEN', remedy: expect.any(String) });
  });

  it('a token of one project sees nothing of another', async () => {
    await done(['project', 'create', 'other']);
    const COFFER_TOKEN = (await done(['token', 'create', 'narrow', '--role', 'editor', '--project', 'other'])).out.trim();
    expect(json((await done(['instance', 'list', '--json'], { env: { COFFER_TOKEN } })).out)).toEqual([]);
    expect(await cli.run(['instance', 'show', 'shop'], { env: { COFFER_TOKEN } })).toMatchObject({ code: 3, out: '' });
    await done(['token', 'revoke', 'narrow', '--project', 'other', '--yes']);
    expect(await cli.run(['instance', 'list'], { env: { COFFER_TOKEN } })).toMatchObject({ code: 5 });
  });
});

describe('the life of a server', () => {
  it('stops, starts, restarts, takes another name and goes', async () => {
    await done(['instance', 'stop', 'survivor']);
    expect(json((await done(['instance', 'show', 'survivor', '--json'])).out).status).toBe('STOPPED');
    await done(['instance', 'start', 'survivor', '--no-wait']);
    await done(['instance', 'watch', 'survivor', '--until', 'active', '--timeout', '60s']);
    await done(['operation', 'watch', 'survivor']);
    await done(['instance', 'restart', 'survivor']);
    await done(['instance', 'rename', 'survivor', 'phoenix']);
    expect((await done(['instance', 'ping', 'phoenix'])).out).toMatch(/engine +[\d.]+ ms/);
    await done(['instance', 'update', 'phoenix', '--deletion-protection', '--tag', 'team=web']);
    expect(await cli.run(['instance', 'delete', 'phoenix', '--yes'])).toMatchObject({ code: 4, error: expect.stringMatching(/DELETION_PROTECTED/) });
    await done(['instance', 'update', 'phoenix', '--no-deletion-protection']);
    for (const name of ['phoenix', 'cache', 'shop']) await done(['instance', 'delete', name, '--yes']);
    expect(json((await done(['instance', 'list', '--json'])).out)).toEqual([]);
    const types = json((await done(['event', 'list', '--limit', '500', '--json'])).out).map(({ type }: any) => type);
    expect(types).toEqual(expect.arrayContaining(['instance.create', 'instance.delete']));
  });
});

describe('the launcher', () => {
  const nodes = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  const old = nodes.find((node) => { const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' }); const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1]); return major >= 18 && major < 24; });
  it.skipIf(!old)('runs on an old Node with the one that came with the dependencies', () => {
    const env = { PATH: process.env['PATH'], COFFER_HOME: coffer.home, HOME: cli.folder };
    expect(execFileSync(old!, [join(ROOT, 'cli/bin/coffer.mjs'), 'flavor', 'list'], { encoding: 'utf8', env })).toMatch(/^NAME/);
    expect(spawnSync(old!, [join(ROOT, 'cli/bin/coffer.mjs'), 'nonsense'], { env }).status).toBe(2);
  });
});
