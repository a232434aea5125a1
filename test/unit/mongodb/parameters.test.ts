/** What goes into the file and to the server, and what is told of it; all of it pure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueProblems } from '../../../strategies/conformance/catalogue.ts';
import { catalogueOf } from '../../../strategies/datastores/mongodb/catalogue/index.ts';
import { control } from '../../../strategies/datastores/mongodb/control.ts';
import { renderConfig, serverSettings, type Tree, trialSettings, valueAt } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import { decideChanges } from '../../../strategies/datastores/mongodb/guest/configure.ts';
import { boundIn, optionSpecs } from '../../../strategies/datastores/mongodb/guest/describe.ts';
import { parseHelp } from '../../../strategies/datastores/mongodb/guest/help.ts';
import { type Running, tellParameters } from '../../../strategies/datastores/mongodb/guest/parameters.ts';
import { namedIn, refusalIn } from '../../../strategies/datastores/mongodb/guest/trial.ts';
import { cacheSize, maxConnections, slowSampleRate, slowThreshold } from '../../../strategies/datastores/mongodb/options.ts';
import { sizeServer } from '../../../strategies/datastores/mongodb/sizing.ts';
import { nastyText } from '../../support/nasty-texts.ts';

const track = '6.0';
const catalogue = await catalogueOf(track);
const specOf = (name: string) => catalogue.find((spec) => spec.name === name)!;
const [cursorTimeout, commitInterval, timeout] = ['setParameter.cursorTimeoutMillis', 'storage.journal.commitIntervalMs', 'setParameter.localLogicalSessionTimeoutMinutes'];

const flavor = { vcpus: 1, memoryMb: 512 };
const sizing = sizeServer({ track, flavor, volumeGb: 1 });
const contextOf = (parameters: Record<string, string>) => ({
  paths: { data: '/i/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/b', bin: '/b/bin' },
  tls: { certificate: '/i/tls/server.crt', key: '/i/tls/server.key', ca: '/i/tls/ca.crt' },
  network: { bind: '127.0.0.1', advertise: 'db.example', ports: { mongodb: 24001 } },
  sizing, parameters,
});
const fileOf = (parameters: Record<string, string>): Tree => JSON.parse(renderConfig(serverSettings(contextOf(parameters)))) as Tree;

describe('the catalogue', () => {
  it('is sound, and all that Coffer itself sets is in it or has no place there', () => {
    expect(catalogueProblems(catalogue)).toEqual([]);
    expect(Object.keys(sizing).filter((name) => !specOf(name))).toEqual([]);
  });
  it('leaves nobody a way around what Coffer owns', () => {
    for (const name of ['net.tls.mode', 'security.keyFile', 'security.authorization', 'storage.dbPath', 'net.compression.compressors', 'storage.wiredTiger.engineConfig.configString', 'storage.wiredTiger.engineConfig.journalCompressor', 'replication.replSetName', 'setParameter.enableTestCommands', 'setParameter.enableLocalhostAuthBypass', 'setParameter.logLevel', 'setParameter.internalQueryForceClassicEngine', 'setParameter.opensslCipherConfig']) {
      expect(specOf(name).owned, name).toMatch(/\.$/);
    }
    const settings = serverSettings({ ...contextOf({}), sizing: {} });
    expect(Object.keys(settings).filter((name) => specOf(name) && specOf(name).owned === undefined)).toEqual([]);
  });
  it('has words for everything that a group may set', () => {
    expect(catalogue.filter(({ owned, description }) => owned === undefined && description.includes('tells no more'))).toEqual([]);
  });
});

describe('the file with a group', () => {
  it('has the values over sizing and below what is owned, each in its kind', () => {
    const file = fileOf({ [maxConnections]: '150', [cursorTimeout]: '4000000000', 'setParameter.notablescan': 'true', 'setParameter.planCacheSize': '5%', 'net.port': '1', 'setParameter.maxTransactionLockRequestTimeoutMillis': '-1' });
    expect(['net.maxIncomingConnections', 'net.port', cursorTimeout, 'setParameter.notablescan', 'setParameter.planCacheSize', 'setParameter.maxTransactionLockRequestTimeoutMillis'].map((name) => valueAt(file, name))).toEqual([150, 24001, 4e9, true, '5%', -1]);
  });
  it('is the same in whatever order they come, and that of an instance without one when they are gone', () => {
    const given = { [commitInterval]: '30', [cursorTimeout]: '700000', [cacheSize]: '0.25' };
    expect(fileOf(given)).toEqual(fileOf(Object.fromEntries(Object.entries(given).reverse())));
    expect(renderConfig(serverSettings(contextOf(given)))).toBe(renderConfig(serverSettings(contextOf(Object.fromEntries(Object.entries(given).reverse())))));
    expect(renderConfig(serverSettings(contextOf({ [cacheSize]: sizing[cacheSize]! })))).toBe(renderConfig(serverSettings(contextOf({}))));
  });
  it('tells what is slow as the group has it, and still nothing of the accounts', () => {
    const filterOf = (group: Record<string, string>): unknown => JSON.parse(valueAt(fileOf(group), 'operationProfiling.filter') as string);
    const accounts = { ns: { $not: { $regex: '^admin\\.' } } };
    expect(filterOf({ [slowThreshold]: '0' })).toEqual({ millis: { $gte: 0 }, ...accounts });
    expect(filterOf({ [slowSampleRate]: '0.25' })).toEqual({ millis: { $gte: 100 }, ...accounts, $sampleRate: 0.25 });
    expect(filterOf({ [slowSampleRate]: '1' })).toEqual(filterOf({}));
  });
  it('gives every text back', () => {
    fc.assert(fc.property(nastyText, (text) => {
      const found = valueAt(fileOf({ 'setParameter.planCacheSize': text }), 'setParameter.planCacheSize');
      expect(String(found as string | number | boolean)).toBe(text);
    }));
  });
  it('is tried over data that are nowhere', () => {
    expect(trialSettings({ [cursorTimeout]: '5', 'storage.dbPath': '/i/data' }, contextOf({}))).toEqual({ [cursorTimeout]: 5, 'storage.dbPath': '/i/run/nowhere' });
  });
});

describe('a trial', () => {
  const fatal = '{"s":"F","msg":"Error during global initialization","attr":{"error":{"code":2,"codeName":"BadValue","errmsg":"storage.syncPeriodSecs must be less than or equal to 3600"}}}';
  it('is refused by its log, or by how it ends', () => {
    expect(refusalIn({ exitCode: 2, stdout: '', stderr: 'BadValue: maxConns has to be at least 5\ntry \'/b/mongod --help\' for more information\n' })).toBe('maxConns has to be at least 5');
    expect(refusalIn({ exitCode: 1, stdout: `{"s":"I"}\n${fatal}\n`, stderr: '' })).toBe('storage.syncPeriodSecs must be less than or equal to 3600');
    expect(refusalIn({ exitCode: 1, stdout: '{"s":"I"}\nThere doesn\'t seem to be a server running with dbpath: /i/run/nowhere\n', stderr: '' })).toBeNull();
  });
  it('is blamed on the value that it names, however it calls it', () => {
    const names = [commitInterval, maxConnections, 'storage.syncPeriodSecs', 'setParameter.planCacheSize'];
    expect(namedIn('maxConns has to be at least 5', names)).toBe(maxConnections);
    expect(namedIn('storage.syncPeriodSecs must be less', names)).toBe('storage.syncPeriodSecs');
    expect(namedIn('Bad value for parameter "planCacheSize"', names)).toBe('setParameter.planCacheSize');
    expect(namedIn('no', names)).toBeNull();
  });
});

describe('what the server tells of itself', () => {
  const help = parseHelp([
    '  -f [ --config ] arg                   Configuration file specifying ', '                                        additional options',
    '  --slowms arg (=100)                   Value of slow for profile and console ', '                                        log',
    '  --wiredTigerCollectionBlockCompressor arg (=snappy)', '                                        Block compression algorithm for ', '                                        collection data [none|snappy|zlib|zstd]',
    '', 'TLS Options:', '  --tlsMode arg                         Set the TLS operation mode ', '                                        (disabled|allowTLS|preferTLS|requireTLS', '                                        )',
    '  --wiredTigerIndexPrefixCompression arg (=1)', '                                        Use prefix compression on row-store ',
  ].join('\n'));
  it('is read from its help', () => {
    expect(Object.fromEntries(help)).toEqual({
      config: { default: null, allowed: null, description: 'Configuration file specifying additional options' },
      slowms: { default: '100', allowed: null, description: 'Value of slow for profile and console log' },
      wiredTigerCollectionBlockCompressor: { default: 'snappy', allowed: ['none', 'snappy', 'zlib', 'zstd'], description: 'Block compression algorithm for collection data [none|snappy|zlib|zstd]' },
      tlsMode: { default: null, allowed: ['disabled', 'allowTLS', 'preferTLS', 'requireTLS'], description: 'Set the TLS operation mode (disabled|allowTLS|preferTLS|requireTLS )' },
      wiredTigerIndexPrefixCompression: { default: '1', allowed: null, description: 'Use prefix compression on row-store' },
    });
    expect(optionSpecs(help).find(({ name }) => name === 'storage.wiredTiger.indexConfig.prefixCompression')).toMatchObject({ type: 'BOOLEAN', default: 'true', allowed: null });
  });
  it('is read from its refusals', () => {
    const refused = 'Invalid value for parameter x: -2147483648 is not ';
    expect([`${refused}greater than or equal to 1`, `${refused}greater than 0`, `${refused}less than 5`, `${refused}less than or equal to 1e+06`, `${refused}less than 9223372036854775807`, 'no', null].map((one) => boundIn(one, true))).toEqual([1, 1, 4, 1e6, null, null, null]);
    expect(boundIn(`${refused}greater than 0`, false)).toBe(0);
  });
});

const running = (more: Partial<Running> = {}): Running => ({
  parameters: { cursorTimeoutMillis: 600_000, journalCommitInterval: 100, localLogicalSessionTimeoutMinutes: 30 }, cacheBytes: 256 * 1024 ** 2, started: fileOf({}), ...more,
});
const known = catalogue.filter(({ name }) => [cursorTimeout, commitInterval, timeout, cacheSize, maxConnections].includes(name));

describe('what the running server is told', () => {
  const changes = (wanted: Record<string, string>, more: Partial<Parameters<typeof decideChanges>[0]> = {}) =>
    decideChanges({ catalogue: known, wanted: serverSettings(contextOf(wanted)), running: running(), file: fileOf({}), told: new Set(), ...more }).map(({ spec, value, before }) => [spec.name, before, value]);
  it('is what it has otherwise and takes live', () => {
    expect(changes({ [cursorTimeout]: '5', [maxConnections]: '150', [cacheSize]: '0.5', [timeout]: '9' })).toEqual([[cursorTimeout, '600000', '5'], [cacheSize, '0.25', '0.5']]);
    expect(changes({ [cursorTimeout]: '600000', [cacheSize]: '0.2501' })).toEqual([]);
  });
  it('is its default for what only an earlier file, its start or an earlier change had', () => {
    const changed = running({ parameters: { cursorTimeoutMillis: 5, journalCommitInterval: 30 } });
    expect(changes({}, { running: changed })).toEqual([]);
    const back = [cursorTimeout, '5', '600000'];
    expect(changes({}, { running: changed, told: new Set([cursorTimeout]) })).toEqual([back]);
    expect(changes({}, { running: changed, file: fileOf({ [cursorTimeout]: '5' }) })).toEqual([back]);
    expect(changes({}, { running: { ...changed, started: fileOf({ [cursorTimeout]: '5' }) } })).toEqual([back]);
  });
});

describe('what is told of values', () => {
  const told = (given: Record<string, string>, more: Partial<Running> = {}, file = fileOf(given)) =>
    Object.fromEntries(tellParameters({ catalogue: known, running: running(more), file, parameters: given, sizing }).map(({ name, value, pending }) => [name, pending === null ? value : [value, pending]]));
  const bare = { [cursorTimeout]: '600000', [commitInterval]: '100', [timeout]: '30', [cacheSize]: '0.25', [maxConnections]: '128' };
  it('is what the server has', () => expect(told({})).toEqual(bare));
  it('names what waits for a start, going and coming', () => {
    expect(told({ [maxConnections]: '150', [timeout]: '40' })).toEqual({ ...bare, [maxConnections]: ['128', '150'], [timeout]: ['30', '40'] });
    expect(told({}, { started: fileOf({ [timeout]: '40' }), parameters: { localLogicalSessionTimeoutMinutes: 40 } })).toEqual({ [cacheSize]: '0.25', [maxConnections]: '128', [timeout]: ['40', '30'] });
  });
  it('shows what was changed by hand', () => expect(told({ [cursorTimeout]: '5' }, { parameters: { cursorTimeoutMillis: 7 } })).toMatchObject({ [cursorTimeout]: '7' }));
  it('has the cache as it was given, which the server counts in whole megabytes', () => expect(told({ [cacheSize]: '0.3' }, { cacheBytes: 307 * 1024 ** 2 })).toMatchObject({ [cacheSize]: '0.3' }));
});

describe('values together', () => {
  const check = async (parameters: Record<string, string>) => (await control.checkParameters!({ track, flavor, volumeGb: 1, sizing, parameters })).map(({ path, message }) => `${path.join('.')}: ${message}`);
  it('that fit are taken, sizing too', async () => {
    expect(await check({})).toEqual([]);
    expect(await check({ [cacheSize]: '0.25', [maxConnections]: '200', [timeout]: '40' })).toEqual([]);
  });
  it.each([
    [{ [cacheSize]: '0.5' }, `${cacheSize}: must be at most 0.25: of the flavor's 512 MB the server itself needs 256`],
    [{ [maxConnections]: '300' }, `${maxConnections}: must fit into the flavor's 512 MB with 1 MB each, beside ${cacheSize}: 256 MB and 300 connections do not`],
    [{ 'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes': String(300 * 1024 ** 2) }, 'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes: must leave room for the cache: 300 MB and 256 MB are more than the flavor\'s 512 MB'],
    [{ [timeout]: '5' }, `${timeout}: must be above setParameter.logicalSessionRefreshMillis: sessions end while they are in use where 300000 ms are not below 5 min`],
    [{ 'setParameter.logicalSessionRefreshMillis': '1800000' }, `setParameter.logicalSessionRefreshMillis: must be below ${timeout}: sessions end while they are in use where 1800000 ms are not below 30 min`],
    [{ 'setParameter.wiredTigerEvictionDirtyTargetGB': '0.2', 'setParameter.wiredTigerEvictionDirtyMaxGB': '0.1' }, 'setParameter.wiredTigerEvictionDirtyTargetGB: must be below setParameter.wiredTigerEvictionDirtyMaxGB: 204 MB are not below 102 MB; one that is 0 is 5 or 20 % of the cache'],
    [{ 'setParameter.wiredTigerEvictionDirtyTargetGB': '0.1', 'setParameter.wiredTigerEvictionDirtyMaxGB': '0.1' }, 'setParameter.wiredTigerEvictionDirtyTargetGB: must be below setParameter.wiredTigerEvictionDirtyMaxGB: 102 MB are not below 102 MB; one that is 0 is 5 or 20 % of the cache'],
    [{ 'setParameter.wiredTigerEvictionDirtyTargetGB': '0.06' }, 'setParameter.wiredTigerEvictionDirtyTargetGB: must be below setParameter.wiredTigerEvictionDirtyMaxGB: 61 MB are not below 51.2 MB; one that is 0 is 5 or 20 % of the cache'],
    [{ 'setParameter.wiredTigerEvictionDirtyMaxGB': '0.0125' }, 'setParameter.wiredTigerEvictionDirtyMaxGB: must be above setParameter.wiredTigerEvictionDirtyTargetGB: 12.8 MB are not below 12 MB; one that is 0 is 5 or 20 % of the cache'],
    [{ 'setParameter.wiredTigerEvictionDirtyMaxGB': '0.3' }, 'setParameter.wiredTigerEvictionDirtyMaxGB: must not be above the cache, which has 256 MB'],
    [{ 'setParameter.planCacheSize': 'a\0' }, 'setParameter.planCacheSize: must not contain the character 0'],
  ])('%j are told what does not work', async (parameters, message) => expect(await check(parameters)).toEqual([message]));
});
