import { readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { enginePid, redisCli } from '../../support/actions.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cli, prepareCli } from '../../support/cli.ts';
import { enginesFolder, startInstallation, type Installation } from '../../support/installation.ts';
import { defineUpgrade } from './define.ts';

/** As a build that is newer than the new one would have written it. */
const laterFile = async ({ id }: { id: string }): Promise<string> => join(await readlink(`/proc/${await enginePid(id)}/cwd`), 'appendonlydir/later.base.rdb');

defineUpgrade({
  datastore: 'redis', from: '7', to: '8', group: { name: 'hz', value: '20' }, poison: { name: 'notify-keyspace-events', value: 'Q?' }, refusal: 'ENGINE.REFUSED',
  veto: { make: async (instance) => writeFile(await laterFile(instance), 'REDIS0099'), unmake: async (instance) => rm(await laterFile(instance)), subject: 'later.base.rdb', words: /could not read this file: Can't handle RDB format version 99/ },
  write: (instance, login) => redisCli(enginesFolder, instance, login, 'set', 'kept', 'here'),
  read: (instance, login) => redisCli(enginesFolder, instance, login, 'get', 'kept'),
});

describe('from the command line', () => {
  let coffer: Installation;
  let cli: Cli;
  beforeAll(async () => {
    coffer = await startInstallation();
    cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
  });
  afterAll(async () => {
    await cli?.remove();
    await coffer?.remove();
  });
  const ok = async (...words: string[]): Promise<string> => {
    const { code, out, error } = await cli.run(words);
    expect(code, `coffer ${words.join(' ')}\n${out}${error}`).toBe(0);
    return out;
  };

  it('a stopped instance is upgraded with the values of its group, and stays stopped; an older version is refused', async () => {
    await ok('configuration', 'create', 'line', '--datastore', 'redis', '--datastore-version', '7', 'hz=20');
    await ok('instance', 'create', 'made', '--datastore', 'redis', '--datastore-version', '7', '--flavor', 'nano', '--volume', '1', '--configuration', 'line');
    expect(await ok('instance', 'upgrade', 'made', '--datastore-version', '8', '--dry-run', '--take-values')).toMatch(/It can be upgraded\.\n.* of data, .* s without the engine/);
    await ok('instance', 'stop', 'made');
    expect((await cli.run(['instance', 'upgrade', 'made', '--datastore-version', '8', '--dry-run', '--take-values'])).error).toMatch(/is stopped/);
    expect((await cli.run(['instance', 'upgrade', 'made', '--datastore-version', '8'])).error).toMatch(/line/);
    expect(await ok('instance', 'upgrade', 'made', '--datastore-version', '8', '--take-values')).toMatch(/instance\.upgrade SUCCEEDED/);
    const [instance] = JSON.parse(await ok('instance', 'list', '--json')).instances ?? JSON.parse(await ok('instance', 'list', '--json'));
    expect(instance).toMatchObject({ name: 'made', status: 'STOPPED', datastoreVersion: { name: '8' } });
    expect(await ok('configuration', 'show', 'line-8')).toMatch(/hz/);
    await ok('instance', 'start', 'made');
    expect(await ok('instance', 'parameters', 'made', '--search', 'hz')).toMatch(/^hz +20 +GROUP/m);
    expect((await cli.run(['instance', 'upgrade', 'made', '--datastore-version', '7'])).error).toMatch(/one can go nowhere/);
    expect((await cli.run(['engine', 'rollout', 'redis', '8'])).error).toMatch(/newest build/);
  });
});
