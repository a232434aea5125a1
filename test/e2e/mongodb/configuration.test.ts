/** What is MongoDB's own about configuration groups; the kit looks at what every engine owes. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import { createConnection } from '../../../strategies/datastores/mongodb/connection.ts';
import { cacheSize, maxConnections, slowSampleRate, slowThreshold } from '../../../strategies/datastores/mongodb/options.ts';
import { openTls, overSocket } from '../../../strategies/datastores/mongodb/tls.ts';
import type { UserRef } from '../../../strategies/spi/control.ts';
import type { LiveParameter } from '../../../strategies/spi/parameters.ts';
import { useConfigurationServer } from '../../support/configuration-server.ts';
import { createDriver } from './driver.ts';
import { harnessOptions } from './fixture.ts';

/** Beside the folder's others. */
const port = 21_562;
const timeoutMs = 10_000;
const [commitInterval, syncPeriod, cursorTimeout, planCache] = ['storage.journal.commitIntervalMs', 'storage.syncPeriodSecs', 'setParameter.cursorTimeoutMillis', 'setParameter.planCacheSize'];
const sortMemory = 'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes';

describe('configuration', () => {
  let harness: GuestHarness;
  let bare: { file: string; parameters: LiveParameter[] };
  const { configureWith, read, refusal, restart } = useConfigurationServer({ ...harnessOptions(), ports: { mongodb: port } }, async (made) => {
    harness = made;
    await harness.call('start', []);
    bare = { file: await serverFile(), parameters: await harness.call('configuration.read', []) };
  });
  /** Values of these names, none of which waits. */
  const readAll = async (names: object): Promise<Record<string, string>> =>
    Object.fromEntries((await harness.call('configuration.read', [])).filter(({ name, pending }) => name in names && pending === null).map(({ name, value }) => [name, value]));
  const serverFile = (): Promise<string> => readFile(`${harness.facts.paths.config}/mongod.conf`, 'utf8');
  const asMember = async (command: object): Promise<Record<string, any>> => {
    const connection = createConnection(await openTls(overSocket(`${harness.facts.paths.run}/mongod.sock`), timeoutMs));
    try {
      await connection.login('local', '__system', await readFile(`${harness.facts.paths.data}/member.key`, 'utf8'), timeoutMs);
      return await connection.command('admin', command, timeoutMs);
    } finally {
      connection.close();
    }
  };

  const expectBare = async (): Promise<void> => {
    expect(await serverFile()).toBe(bare.file);
    expect(await harness.call('configuration.read', [])).toEqual(bare.parameters);
  };

  it('what the server takes live is taken, told so, and forgotten', async () => {
    const group = {
      [commitInterval]: '30', [syncPeriod]: '12.5', [cacheSize]: '0.3', [cursorTimeout]: '4000000000', [planCache]: '100MB', [sortMemory]: '20000000', 'setParameter.notablescan': 'true',
      'setParameter.transactionTooLargeForCacheThreshold': '0.8', 'setParameter.tcmallocReleaseRate': '2.5', 'setParameter.maxTransactionLockRequestTimeoutMillis': '-1',
    };
    expect(await configureWith(group)).toEqual({ changed: true, restartRequired: [] });
    expect(await readAll(group)).toEqual(group);
    expect(await configureWith(group)).toEqual({ changed: false, restartRequired: [] });
    expect(await asMember({ getParameter: 1, syncdelay: 1, cursorTimeoutMillis: 1, notablescan: 1 })).toMatchObject({ syncdelay: 12.5, cursorTimeoutMillis: 4_000_000_000, notablescan: true });
    expect(await configureWith({})).toEqual({ changed: true, restartRequired: [] });
    await expectBare();
  });

  it('what a start takes waits for one, is what the server runs then, and is forgotten by another', async () => {
    const group = {
      [maxConnections]: '140', [slowThreshold]: '250', [slowSampleRate]: '0.5', 'storage.oplogMinRetentionHours': '1.5', 'setParameter.watchdogPeriodSeconds': '60',
      'storage.wiredTiger.engineConfig.zstdCompressionLevel': '7', 'storage.wiredTiger.collectionConfig.blockCompressor': 'zstd',
      'storage.wiredTiger.indexConfig.prefixCompression': 'false', 'setParameter.localLogicalSessionTimeoutMinutes': '40', 'setParameter.wiredTigerConcurrentReadTransactions': '64', 'net.listenBacklog': '300',
    };
    const live = { [commitInterval]: '50', [cacheSize]: '0.28125' };
    const names = Object.keys(group).sort();
    expect((await configureWith({ ...group, ...live })).restartRequired.sort()).toEqual(names);
    expect(await read(slowThreshold)).toEqual({ name: slowThreshold, value: '100', pending: '250' });
    await harness.signalEngine('SIGKILL');
    await harness.call('start', []);
    expect(await configureWith({ ...group, ...live })).toEqual({ changed: false, restartRequired: [] });
    expect(await readAll({ ...group, ...live })).toEqual({ ...group, ...live });
    expect((await configureWith({})).restartRequired.sort()).toEqual(names);
    expect(await serverFile()).toBe(bare.file);
    await restart();
    await expectBare();
  });

  it.each([
    [{ 'setParameter.internalQueryMaxPushBytes': '0' }, 'setParameter.internalQueryMaxPushBytes', /not greater than 0/], [{ [planCache]: 'plenty' }, planCache, /Unable to parse/],
    [{ [maxConnections]: '2' }, maxConnections, /at least 5/], [{ [syncPeriod]: '5000' }, syncPeriod, /less than or equal to 3600/],
    [{ 'setParameter.watchdogPeriodSeconds': '30' }, 'setParameter.watchdogPeriodSeconds', /60s/], [{ 'setParameter.nobodyKnows': '1' }, 'setParameter.nobodyKnows', /no such parameter/],
    [{ [maxConnections]: 'many' }, maxConnections, /Error parsing/],
  ])('%j is refused by name, with the reason, and nothing is changed', async (wrong, name, reason) => {
    const fault = await refusal({ [commitInterval]: '30', ...wrong });
    expect(fault).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(reason) });
    expect(fault.message.split(':')[0]).toBe(name);
    expect(fault.message).not.toContain(harness.facts.paths.config);
    harness.tune({});
    await expectBare();
    expect((await readdir(harness.facts.paths.config)).sort()).toEqual(['mongod.conf']);
    expect(await configureWith({})).toEqual({ changed: false, restartRequired: [] });
  });

  it('a value that would be refused is found on a stopped server too, and its file stays', async () => {
    await harness.call('stop', ['orderly']);
    expect(await refusal({ [planCache]: 'plenty' })).toMatchObject({ code: 'REFUSED', message: expect.stringContaining(planCache) });
    expect(await serverFile()).toBe(bare.file);
    harness.tune({});
    await harness.call('start', []);
  });

  it('loses to what Coffer owns', async () => {
    await configureWith({ 'net.tls.mode': 'disabled', 'storage.dbPath': '/tmp', 'setParameter.enableLocalhostAuthBypass': 'true', 'security.authorization': 'disabled' });
    await expectBare();
  });

  it('what was changed by hand shows, and is put right', async () => {
    await configureWith({ [cursorTimeout]: '700000' });
    await asMember({ setParameter: 1, cursorTimeoutMillis: 5000 });
    expect(await read(cursorTimeout)).toEqual({ name: cursorTimeout, value: '5000', pending: null });
    expect(await configureWith({ [cursorTimeout]: '700000' })).toEqual({ changed: false, restartRequired: [] });
    expect(await read(cursorTimeout)).toEqual({ name: cursorTimeout, value: '700000', pending: null });
  });

  it('a log that tells every operation has nothing of the accounts, and management needs no index', async () => {
    await configureWith({ [slowThreshold]: '0', 'setParameter.notablescan': 'true' });
    await restart();
    const [user, renamed] = ['ann', 'berta'].map((name) => ({ name, authDatabase: 'shop' })) as [UserRef, UserRef];
    const [first, second] = ['First-password-1', 'Second-password-2'] as const;
    await harness.call('databases.create', [{ name: 'shop' }]);
    await harness.call('users.create', [{ ...user, password: first, grants: [{ database: 'shop', privileges: [] }] }]);
    await harness.call('users.update', [user, { password: second }]);
    await harness.call('users.update', [user, { name: renamed.name }]);
    await harness.call('root.enable', [first]);
    await createDriver(harness.facts).as({ user: renamed.name, password: second, database: 'shop' }, (client) => client.db('shop').collection('told').insertOne({ _id: 'so' as never }), { authSource: 'shop' });
    expect(await harness.call('users.list', [])).toMatchObject([{ ...renamed, grants: [{ database: 'shop' }] }]);
    expect(await harness.call('databases.list', [])).toMatchObject([{ name: 'shop' }]);
    await harness.call('users.delete', [renamed]);
    await harness.call('root.disable', []);
    const log = await readFile(`${harness.facts.paths.logs}/mongod.log`, 'utf8');
    expect(log).toContain('"ns":"shop.told"');
    for (const secret of [first, second, harness.facts.managementSecret, 'storedKey', 'serverKey']) expect(log.split('\n').filter((line) => line.includes(secret))).toEqual([]);
    await harness.call('databases.delete', ['shop']);
  });

  it('what a change that died had told the server is forgotten with the next one', async () => {
    await configureWith({ [commitInterval]: '30' });
    await configureWith({});
    // Names are on record before the server is told; the file comes last.
    const onRecord = JSON.parse(await readFile(`${harness.facts.paths.run}/told.json`, 'utf8')) as string[];
    expect(onRecord).toContain(commitInterval);
    await asMember({ setParameter: 1, journalCommitInterval: 30 });
    expect(await configureWith({})).toEqual({ changed: false, restartRequired: [] });
    await expectBare();
  });

  it('another flavor is taken live where the server can', async () => {
    const sizing = Object.fromEntries(bare.parameters.filter(({ name }) => [cacheSize, maxConnections, sortMemory].includes(name)).map(({ name, value }) => [name, value]));
    harness.resize({ vcpus: 2, memoryMb: 1024 }, { ...sizing, [cacheSize]: '0.375', [sortMemory]: '16777216' });
    await configureWith({});
    expect([await read(cacheSize), await read(sortMemory)].map((one) => one?.value)).toEqual(['0.375', '16777216']);
  });
});
