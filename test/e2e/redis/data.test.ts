/** What was acknowledged is there after each start, in whatever way it was written. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';
import { createRedisCli, type RedisCli } from './redis-cli.ts';

const login: Login = { user: 'app', password: 'a-long-password-1', database: null };
const library = '#!lua name=both\nredis.register_function("both", function() redis.call("set","f:1","v") redis.call("set","f:2","v") return 1 end)';
const written = ['e:1', 'e:2', 'f:1', 'f:2', 'plain', 't:1', 't:2'];

describe.each(['7', '8'])('data of redis %s', (track) => {
  let harness: GuestHarness;
  let cli: RedisCli;
  const keys = async (): Promise<string[]> => (await cli.ask(login, 'keys', '*')).split('\n').filter((key) => key !== '').sort();
  const usersFile = (): string => `${harness.facts.paths.data}/users.acl`;

  /** In a session: a transaction is of one connection. */
  async function transaction(): Promise<void> {
    const child = cli.spawn(login, []);
    child.stdin.end('multi\nset t:1 v\nset t:2 v\nexec\n');
    await new Promise((resolve) => { child.once('close', resolve); child.stdout.resume(); });
  }

  beforeAll(async () => {
    harness = await fixtureOf(track).createHarness();
    cli = createRedisCli(harness.facts);
    await harness.call('initialise', []);
    await harness.call('start', []);
    await harness.call('users.create', [{ name: login.user, password: login.password, grants: [{ database: null, privileges: ['allkeys', 'allchannels', '+@all'] }] }]);
  });
  afterAll(() => harness?.dispose());
  beforeEach(async () => {
    await cli.ask(login, 'flushall');
    await cli.ask(login, 'set', 'plain', 'v');
    await transaction();
    await cli.ask(login, 'eval', "redis.call('set','e:1','v') redis.call('set','e:2','v') return 1", '0');
    await cli.ask(login, 'function', 'load', 'replace', library);
    await cli.ask(login, 'fcall', 'both', '0');
    expect(await keys()).toEqual(written);
  });

  it('is all there after a restart', async () => {
    await harness.call('stop', ['orderly']);
    await harness.call('start', []);
    expect(await keys()).toEqual(written);
  });
  it('is all there after an engine that was killed', async () => {
    await harness.call('stop', ['immediate']);
    await harness.call('start', []);
    expect(await keys()).toEqual(written);
  });
  it('is all there where an earlier release has made the file of users', async () => {
    await harness.call('stop', ['orderly']);
    const users = await readFile(usersFile(), 'utf8');
    await writeFile(usersFile(), users.replace(/^user default .*$/m, 'user default off sanitize-payload resetchannels -@all'));
    await harness.call('start', []);
    expect(await keys()).toEqual(written);
  });
});
