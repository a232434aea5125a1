/** Configuration groups on a real engine, seen with its own redis-cli. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import { catalogueOf } from '../../../strategies/datastores/redis/catalogue/index.ts';
import { overlay } from '../../../strategies/datastores/redis/catalogue/overlay.ts';
import { withOverlay } from '../../../strategies/spi/parameter-overlay.ts';
import { fixtureOf } from './fixture.ts';
import { createRedisCli } from './redis-cli.ts';

describe.each(['7', '8'])('configuration of redis %s', (track) => {
  let harness: GuestHarness;
  let untouched: { file: string; running: Map<string, string> };

  const configFile = (): Promise<string> => readFile(`${harness.facts.paths.config}/redis.conf`, 'utf8');
  const cli = (...command: string[]): Promise<string> => createRedisCli(harness.facts).ask({ user: 'coffer', password: harness.facts.managementSecret, database: null }, ...command);
  async function running(): Promise<Map<string, string>> {
    const lines = (await cli('config', 'get', '*')).split('\n');
    return new Map(lines.flatMap((name, i) => (i % 2 === 0 ? [[name, lines[i + 1] ?? ''] as const] : [])));
  }
  const configure = (parameters: Record<string, string>) => {
    harness.tune(parameters);
    return harness.call('configure', []);
  };
  const restart = async (): Promise<void> => {
    await harness.call('stop', ['orderly']);
    await harness.call('start', []);
  };
  const read = async (name: string) => (await harness.call('configuration.read', [])).find((one) => one.name === name);

  beforeAll(async () => {
    harness = await fixtureOf(track).createHarness();
    await harness.call('initialise', []);
    await harness.call('start', []);
    untouched = { file: await configFile(), running: await running() };
  });
  afterAll(() => harness?.dispose());
  beforeEach(async () => {
    await configure({});
    await restart();
  });
  const expectUntouched = async (): Promise<void> => {
    expect(await configFile()).toBe(untouched.file);
    expect(await running()).toEqual(untouched.running);
  };

  it('is asked for its catalogue without a trace', async () => {
    expect(withOverlay(await harness.call('configuration.describe', []), overlay)).toEqual(await catalogueOf(track));
    await expectUntouched();
  });

  it('waits for nothing after a start', async () => {
    expect(await harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect((await harness.call('configuration.read', [])).filter(({ pending }) => pending !== null)).toEqual([]);
    expect((await harness.call('configuration.read', [])).map(({ name }) => name)).toEqual((await catalogueOf(track)).map(({ name }) => name));
  });

  it('takes live values at once, tells them as they were given and forgets them when they go', async () => {
    const given = {
      'maxmemory-policy': 'allkeys-lru', 'slowlog-max-len': '256', 'lazyfree-lazy-expire': 'true', 'maxmemory': '67108864', 'appendfsync': 'no',
      'notify-keyspace-events': 'KEA', 'client-output-buffer-limit': 'pubsub 64mb 16mb 60', 'save': '900  1', 'timeout': '600',
    };
    const pids = await harness.enginePids();
    expect(await configure(given)).toEqual({ changed: true, restartRequired: [] });
    const now = await running();
    expect(['maxmemory-policy', 'slowlog-max-len', 'lazyfree-lazy-expire', 'maxmemory', 'appendfsync', 'save', 'timeout'].map((name) => now.get(name))).toEqual(['allkeys-lru', '256', 'yes', '67108864', 'no', '900 1', '600']);
    expect(now.get('client-output-buffer-limit')).toBe('normal 0 0 0 slave 268435456 67108864 60 pubsub 67108864 16777216 60');
    const told = new Map((await harness.call('configuration.read', [])).map(({ name, value }) => [name, value]));
    expect(Object.fromEntries(Object.keys(given).map((name) => [name, told.get(name)]))).toEqual(given);
    expect(await harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    await restart();
    expect(await running()).toEqual(now);
    expect(await configure({})).toEqual({ changed: true, restartRequired: [] });
    expect(await harness.enginePids()).not.toEqual(pids);
    await expectUntouched();
  });

  it('names what waits for a restart, going and coming, until the engine runs it', async () => {
    expect(await configure({ 'tcp-backlog': '300' })).toEqual({ changed: true, restartRequired: ['tcp-backlog'] });
    expect(await read('tcp-backlog')).toEqual({ name: 'tcp-backlog', value: '511', pending: '300' });
    await restart();
    expect(await read('tcp-backlog')).toEqual({ name: 'tcp-backlog', value: '300', pending: null });
    expect(await harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect(await configure({})).toEqual({ changed: true, restartRequired: ['tcp-backlog'] });
    expect(await read('tcp-backlog')).toEqual({ name: 'tcp-backlog', value: '300', pending: '511' });
    expect(await configFile()).toBe(untouched.file);
    await restart();
    expect(await read('tcp-backlog')).toEqual({ name: 'tcp-backlog', value: '511', pending: null });
    await expectUntouched();
  });

  it('leaves everything as it was when the engine refuses one value, and names it', async () => {
    const others = { 'slowlog-max-len': '7', 'tcp-backlog': '300' };
    for (const [name, value] of [['notify-keyspace-events', 'Q?'], ['activedefrag', 'true'], ['save', 'often'], ['hz', '1000']] as const) {
      await expect(configure({ ...others, [name]: value })).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringMatching(new RegExp(`^${name}: the engine refuses this value: .`)) });
      await expectUntouched();
    }
    expect(await configure({})).toEqual({ changed: false, restartRequired: [] });
  });

  it('judges values of a stopped engine too, and starts with them', async () => {
    await harness.call('stop', ['orderly']);
    await expect(configure({ 'notify-keyspace-events': 'Q?' })).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('notify-keyspace-events') });
    expect(await configFile()).toBe(untouched.file);
    // a start would quietly take fewer, and that would look like somebody's change
    const most = Number(/^Max open files +\S+ +(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))![1]) - 32;
    await expect(configure({ 'maxclients': String(most + 1) })).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringMatching(new RegExp(`^maxclients: the engine refuses this value: .*${most}`)) });
    expect(await configFile()).toBe(untouched.file);
    // as on a host that has come to allow less: the engine has to come up
    await writeFile(`${harness.facts.paths.config}/redis.conf`, untouched.file.replace(/^maxclients .*$/m, `maxclients ${most + 1}`));
    expect(await configure({ 'maxclients': String(most + 1) })).toMatchObject({ restartRequired: [] });
    await harness.call('start', []);
    expect(await read('maxclients')).toMatchObject({ value: String(most) });
    await harness.call('stop', ['orderly']);
    expect(await configure({ 'slowlog-max-len': '7', 'tcp-backlog': '300' })).toEqual({ changed: true, restartRequired: [] });
    await harness.call('start', []);
    expect([await read('slowlog-max-len'), await read('tcp-backlog')].map((one) => one?.value)).toEqual(['7', '300']);
  });

  it('loses to what Coffer owns', async () => {
    await configure({ 'dir': '/tmp', 'appendonly': 'false', 'tls-port': '1', 'bind': '*' });
    await restart();
    await expectUntouched();
  });

  it('sees what was changed by hand, and puts it right when it configures', async () => {
    await cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
    expect(await read('maxmemory-policy')).toEqual({ name: 'maxmemory-policy', value: 'allkeys-lru', pending: null });
    await harness.call('configure', []);
    await expectUntouched();
  });

  it('goes back whole after a kill at any point of a change', async () => {
    for (const at of [1, 2, 3, 4, 5]) {
      harness.tune({ 'slowlog-max-len': String(at), 'hz': '50' });
      await harness.callAndKill('configure', [], { atHandleCall: at });
      // as an agent that comes back: it adopts the engine first
      harness.tune({});
      await harness.call('start', []);
      await harness.call('configure', []);
      await expectUntouched();
    }
  });

  it('writes any text so that the engine reads the same', async () => {
    const nasty = [`O'Brien "the \\ quote"`, ' leading and trailing ', 'tab\tbell\x07newline\nport 1', '#no comment', '用户 💾 ß', `'single'`, '', '\\x41\\n', 'ends with \\'];
    for (const text of nasty) {
      await configure({ 'ignore-warnings': text });
      expect(await read('ignore-warnings')).toMatchObject({ value: text });
      // live it went over the wire: now through the file
      await restart();
      expect(await read('ignore-warnings')).toMatchObject({ value: text });
    }
  });
});
