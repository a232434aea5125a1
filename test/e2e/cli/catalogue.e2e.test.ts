/** What operators choose of the catalogue, through the client, and what a project has of it: with a real instance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, type Ended, prepareCli } from '../../support/cli.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

let coffer: Installation;
let second: GatewayProcess;
let cli: Cli;
/** of an editor in the project `web` */
let COFFER_TOKEN: string;
const json = (text: string): any => JSON.parse(text);
const done = async (args: readonly string[], options?: Parameters<Cli['run']>[1]): Promise<string> => {
  const ended = await cli.run(args, options);
  expect(ended, `${args.join(' ')}\n${ended.out}${ended.error}`).toMatchObject({ code: 0 });
  return ended.out;
};
const asEditor = (args: readonly string[], url = coffer.url): Promise<Ended> => cli.run(args, { env: { COFFER_TOKEN, COFFER_URL: url } });
const create = (name: string, version: string, url?: string): Promise<Ended> =>
  asEditor(['instance', 'create', name, '--datastore', 'redis', '--datastore-version', version, '--flavor', 'nano', '--volume', '1'], url);
const versions = async (url?: string): Promise<string[]> => json((await asEditor(['datastore', 'version', 'list', 'redis', '--json'], url)).out).map(({ name }: any) => name);

beforeAll(async () => {
  coffer = await startInstallation();
  second = await startGatewayProcess(coffer);
  await second.ready();
  cli = await prepareCli({ env: { COFFER_HOME: coffer.home } });
  for (const project of ['web', 'lab']) await done(['project', 'create', project]);
  COFFER_TOKEN = (await done(['token', 'create', 'editor', '--role', 'editor', '--project', 'web'])).trim();
});
afterAll(async () => {
  await cli?.remove();
  await second?.end('SIGKILL');
  await coffer?.remove();
});

describe('a version', () => {
  it('that is private to a project is there for that one alone, on both gateways', async () => {
    await done(['datastore', 'version', 'update', 'redis', '8', '--visible-to', 'lab']);
    for (const url of [coffer.url, second.url]) {
      await expect.poll(() => versions(url), { timeout: 5_000 }).toEqual(['7']);
      const [hidden, missing] = [await create('db', '8', url), await create('db', '9', url)];
      expect(hidden).toMatchObject({ code: 3, out: '' });
      expect(hidden.error.replaceAll('8', '?')).toBe(missing.error.replaceAll('9', '?'));
    }
    expect(await done(['datastore', 'version', 'show', 'redis', '8'])).toMatch(/visibility +PRIVATE\nvisible to +lab\n/);
    await done(['datastore', 'version', 'update', 'redis', '8', '--visible-to', 'lab', '--visible-to', 'web']);
    expect(await versions()).toEqual(['7', '8']);
  });

  it('has the flavors that were chosen, and names them to whoever wants another', async () => {
    await done(['datastore', 'version', 'update', 'redis', '8', '--flavor', 'small']);
    const refused = await create('db', '8');
    expect(refused).toMatchObject({ code: 2, error: expect.stringMatching(/flavor.*redis 8 does not allow nano; it allows small/) });
    await done(['datastore', 'version', 'update', 'redis', '8', '--any-flavor', '--deprecated']);
    expect(await done(['datastore', 'version', 'list', 'redis'])).toMatch(/8\*? +DEPRECATED +PRIVATE +nano micro small medium large/);
    expect(await create('db', '8')).toMatchObject({ code: 0, out: expect.stringMatching(/^db ACTIVE {2}redis 8/), error: expect.stringMatching(/redis 8 is deprecated/) });
  });

  it('is not deleted while it has an instance; inactive, it has no new ones and the old one lives', async () => {
    expect(await cli.run(['datastore', 'version', 'delete', 'redis', '8', '--yes'])).toMatchObject({ code: 4, error: expect.stringMatching(/redis 8 still has 1 instance[^]*deactivate/) });
    await done(['datastore', 'version', 'update', 'redis', '8', '--no-active']);
    expect(await create('other', '8', second.url)).toMatchObject({ code: 4, error: expect.stringMatching(/redis 8 takes no new instances[^]*Choose another: 7/) });
    expect(await asEditor(['instance', 'restart', 'db'])).toMatchObject({ code: 0 });
    expect(json((await asEditor(['instance', 'show', 'db', '--json'])).out)).toMatchObject({ status: 'ACTIVE', datastoreVersion: { name: '8' } });
  });

  it('is gone once it is deleted, also after a start, until it is registered again', async () => {
    expect(await asEditor(['instance', 'delete', 'db', '--yes'])).toMatchObject({ code: 0 });
    await done(['datastore', 'version', 'delete', 'redis', '8', '--yes']);
    await coffer.end();
    await coffer.start();
    expect(json(await done(['datastore', 'version', 'list', 'redis', '--json'])).map(({ name }: any) => name)).toEqual(['7']);
    expect(await cli.run(['datastore', 'version', 'register', 'redis', '9'])).toMatchObject({ code: 2, error: expect.stringMatching(/has no version "9"; it has .*7.*8|it has .*8.*7/) });
    await done(['datastore', 'version', 'register', 'redis', '8']);
    expect(await done(['datastore', 'version', 'default', 'redis', '7'])).toBe('redis 7 is the default\n');
    expect(json(await done(['datastore', 'show', 'redis', '--json'])).defaultVersion.name).toBe('7');
  });

  it('tells all of it in events', async () => {
    const events = json(await done(['event', 'list', '--limit', '500', '--json'])).filter(({ type }: any) => type.startsWith('datastore-version.'));
    expect(new Set(events.map(({ type, phase }: any) => `${type} ${phase}`))).toEqual(new Set(['register', 'update', 'delete', 'set-default'].flatMap((verb) => ['START', 'END'].map((phase) => `datastore-version.${verb} ${phase}`))));
    expect(json((await asEditor(['event', 'list', '--limit', '500', '--json'])).out).filter(({ type }: any) => type.startsWith('datastore-version.'))).toEqual([]);
  });
});

describe('a flavor', () => {
  it('is made, used and deleted', async () => {
    await done(['flavor', 'create', 'little', '--vcpus', '0.5', '--memory', '300']);
    expect(await done(['flavor', 'list'])).toMatch(/little +0\.5 +300 MiB/);
    expect(await cli.run(['flavor', 'create', 'little', '--vcpus', '1', '--memory', '300'])).toMatchObject({ code: 4, error: expect.stringMatching(/NAME_TAKEN/) });
    await done(['datastore', 'version', 'update', 'redis', '7', '--flavor', 'little']);
    expect(await cli.run(['flavor', 'delete', 'little', '--yes'])).toMatchObject({ code: 4, error: expect.stringMatching(/chosen for redis 7/) });
    await done(['datastore', 'version', 'update', 'redis', '7', '--any-flavor']);
    await done(['flavor', 'delete', 'little', '--yes']);
    expect(await done(['flavor', 'list'])).not.toMatch(/little/);
    expect(await asEditor(['flavor', 'create', 'mine', '--vcpus', '1', '--memory', '300'])).toMatchObject({ code: 5 });
  });
});
