/** What a tenant tries: reach the host, the management account, other users. Root of the tenant included. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuestHarness, Login } from '../../../strategies/conformance/index.ts';
import { fixtureOf } from './fixture.ts';
import { createRedisCli, type RedisCli } from './redis-cli.ts';

/** Every one must be refused, whoever asks. */
const attacks: [string, string[]][] = [
  ['reads the configuration', ['config', 'get', '*']],
  ['points the data folder elsewhere', ['config', 'set', 'dir', '/tmp']],
  ['names a file for the dump', ['config', 'set', 'dbfilename', 'authorized_keys']],
  ['rewrites the configuration', ['config', 'rewrite']],
  ['loads a library', ['module', 'load', '/tmp/evil.so']],
  ['lists libraries', ['module', 'list']],
  ['opens debugging', ['debug', 'jmap']],
  ['sleeps the server', ['debug', 'sleep', '0']],
  ['follows another server', ['replicaof', '127.0.0.1', '1']],
  ['follows another server by the old name', ['slaveof', '127.0.0.1', '1']],
  ['sends data to another server', ['migrate', '127.0.0.1', '1', 'k', '0', '100']],
  ['pretends to be a replica', ['psync', '?', '-1']],
  ['asks for a full copy', ['sync']],
  ['announces itself as a replica', ['replconf', 'listening-port', '1']],
  ['stops the server', ['shutdown', 'nosave']],
  ['starts a failover', ['failover']],
  ['makes itself a user', ['acl', 'setuser', 'eve', 'on', 'nopass', '+@all', '~*']],
  ['reads the users', ['acl', 'list']],
  ['reads the management account', ['acl', 'getuser', 'coffer']],
  ['removes the management account', ['acl', 'deluser', 'coffer']],
  ['loads the users anew', ['acl', 'load']],
  ['reads failed logins of others', ['acl', 'log']],
  ['pauses all clients', ['client', 'pause', '100', 'all']],
  ['listens to all commands', ['monitor']],
  ['blocks the disk with saves', ['save']],
  ['forces a rewrite', ['bgrewriteaof']],
  ['forces a snapshot', ['bgsave']],
  ['changes the cluster', ['cluster', 'meet', '127.0.0.1', '1']],
  ['reaches CONFIG from a script', ['eval', `return redis.call('config','get','dir')`, '0']],
  ['reaches ACL from a script', ['eval', `return redis.call('acl','list')`, '0']],
  ['opens a file from a script', ['eval', `return io.open('/etc/passwd'):read('*a')`, '0']],
  ['runs a program from a script', ['eval', `return os.execute('id')`, '0']],
  ['loads a library from a script', ['eval', `return package.loadlib('/lib/x86_64-linux-gnu/libc.so.6','system')`, '0']],
  ['reaches SHUTDOWN from a function', ['eval', `redis.call('function','load','replace','#!lua name=x\\nredis.register_function("f", function() return redis.call("shutdown") end)'); return redis.call('fcall','f',0)`, '0']],
];

describe.each(['7', '8'])('a tenant of redis %s', (track) => {
  let harness: GuestHarness;
  let cli: RedisCli;
  const logins: Record<string, Login> = {};
  beforeAll(async () => {
    harness = await fixtureOf(track).createHarness();
    cli = createRedisCli(harness.facts);
    await harness.call('initialise', []);
    await harness.call('start', []);
    const make = async (user: string, privileges: string[]): Promise<void> => {
      await harness.call('users.create', [{ name: user, password: 'a-long-password-1', grants: [{ database: null, privileges }] }]);
      logins[user] = { user, password: 'a-long-password-1', database: null };
    };
    await make('usual', []);
    await make('greedy', ['allkeys', 'allchannels', '+@all', '+@dangerous', '+@admin']);
    await harness.call('root.enable', ['a-long-password-2']);
    logins['root'] = { user: 'root', password: 'a-long-password-2', database: null };
  });
  afterAll(() => harness?.dispose());

  describe.each(['usual', 'greedy', 'root'])('as %s', (who) => {
    it.each(attacks)('%s, in vain', async (_name, command) => {
      await expect(cli.ask(logins[who]!, ...command)).rejects.toThrow();
      expect(await harness.call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });
    });
    it('still works with its data', async () => {
      expect(await cli.ask(logins[who]!, 'set', 'k', 'v')).toBe('OK');
      expect(await cli.ask(logins[who]!, 'get', 'k')).toBe('v');
    });
  });

  it('cannot log in as the management account or as default', async () => {
    for (const user of ['coffer', 'default']) {
      for (const password of ['', 'coffer', 'a-long-password-1']) await expect(cli.ask({ user, password, database: null }, 'ping')).rejects.toThrow();
    }
  });
  it('is nobody after RESET, which makes its connection the default one', async () => {
    const child = cli.spawn(logins['root']!, []);
    let answers = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { answers += text; });
    child.stdin.end('reset\nget k\n');
    await new Promise((resolve) => { child.once('close', resolve); });
    expect(answers).toMatch(/^RESET\s+(\(error\) )?NOAUTH /);
  });
  it('keeps to its key patterns', async () => {
    await harness.call('users.create', [{ name: 'narrow', password: 'a-long-password-3', grants: [{ database: null, privileges: ['~cache:*', '+@all'] }] }]);
    const narrow = { user: 'narrow', password: 'a-long-password-3', database: null };
    expect(await cli.ask(narrow, 'set', 'cache:1', 'x')).toBe('OK');
    await expect(cli.ask(narrow, 'get', 'k')).rejects.toThrow('NOPERM');
  });
  it('loses root at once when it is disabled', async () => {
    await harness.call('root.disable', []);
    await expect(cli.ask(logins['root']!, 'ping')).rejects.toThrow();
    expect(await harness.call('root.isEnabled', [])).toBe(false);
  });
});
