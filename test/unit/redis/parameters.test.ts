import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueOf } from '../../../strategies/datastores/redis/catalogue/index.ts';
import { overlay } from '../../../strategies/datastores/redis/catalogue/overlay.ts';
import { checkParameters } from '../../../strategies/datastores/redis/check-parameters.ts';
import { control } from '../../../strategies/datastores/redis/control.ts';
import { renderConfig, parseConfig } from '../../../strategies/datastores/redis/guest/config-file.ts';
import { manifest } from '../../../strategies/datastores/redis/manifest.ts';
import { fromEngine, isSameValue, toEngine, wordsProblem } from '../../../strategies/datastores/redis/values.ts';
import { canonicalValue, isUnit } from '../../../strategies/spi/parameter-values.ts';

const specs = new Map((await catalogueOf('8')).map((spec) => [spec.name, spec]));
const specOf = (name: string) => specs.get(name)!;
const defaultLimits = specOf('client-output-buffer-limit').default!;

describe.each(manifest.tracks.map(({ name }) => name))('the catalogue of %s', (track) => {
  it('is right in itself', async () => {
    const all = await catalogueOf(track);
    expect(all.map(({ name }) => name)).toEqual([...new Set(all.map(({ name }) => name))].sort());
    for (const spec of all) {
      expect(spec.description, spec.name).not.toBe('');
      if (spec.unit !== null) expect(isUnit(spec.unit), spec.name).toBe(true);
      if (spec.default !== null) expect(canonicalValue({ ...spec, ...(spec.owned === undefined ? {} : { min: null, max: null }) }, spec.default), spec.name).toEqual({ value: spec.default });
      if (spec.default !== null) expect(wordsProblem(spec.name, spec.default), spec.name).toBeNull();
    }
  });
  it('has no second name for anything', async () => {
    expect((await catalogueOf(track)).map(({ name }) => name).filter((name) => /slave|ziplist|lua-time-limit/.test(name))).toEqual([]);
  });
  it('lets nobody set addresses, files, accounts, certificates or the cluster', async () => {
    const open = (await catalogueOf(track)).filter(({ owned }) => owned === undefined).map(({ name }) => name);
    expect(open.filter((name) => /^(tls|cluster|enable|unixsocket|master|syslog)|port$|file$|^(bind|dir|dbfilename|appendonly|appenddirname|requirepass|replicaof|daemonize)$/.test(name))).toEqual([]);
  });
  it('owns what no group can change', async () => {
    const paths = { data: '/d', config: '/c', run: '/r', logs: '/l', tls: '/t', prefix: '/e', bin: '/e/bin' };
    const ctx = { track, sizing: {}, paths, tls: { certificate: '/t/a', key: '/t/b', ca: '/t/c' }, network: { bind: '*', advertise: '*', ports: { redis: 1 } } };
    const all = await catalogueOf(track);
    const bare = parseConfig(renderConfig(ctx, {}));
    const tried = parseConfig(renderConfig(ctx, Object.fromEntries(all.map(({ name }) => [name, 'changed']))));
    const deaf = all.filter(({ name }) => tried.get(name) === bare.get(name)).map(({ name }) => name);
    expect(deaf.length).toBeGreaterThan(15);
    expect(deaf.filter((name) => all.find((spec) => spec.name === name)?.owned === undefined)).toEqual([]);
  });
  it('knows every parameter that the sizing sets, as a live one or one for a restart', async () => {
    const names = new Set((await catalogueOf(track)).map(({ name }) => name));
    const sized = await control.size({ track, flavor: { vcpus: 4, memoryMb: 4096 }, volumeGb: 10 });
    expect(Object.keys(sized).filter((name) => !names.has(name))).toEqual([]);
  });
});

it('has no remark on a parameter that no track has', async () => {
  const known = new Set((await Promise.all(manifest.tracks.map(({ name }) => catalogueOf(name)))).flat().map(({ name }) => name));
  expect(Object.keys(overlay.parameters).filter((name) => !known.has(name))).toEqual([]);
});

describe('values', () => {
  it('are yes and no to the engine and true and false to everybody else, unless yes is one of several choices', () => {
    expect(toEngine(specOf('lazyfree-lazy-expire'), 'true')).toBe('yes');
    expect(fromEngine(specOf('lazyfree-lazy-expire'), 'no')).toBe('false');
    expect(toEngine(specOf('appendfsync'), 'no')).toBe('no');
    expect(fromEngine(specOf('appendfsync'), 'no')).toBe('no');
  });
  it('are told as they are where the engine has what no group may', () => {
    expect(fromEngine(specOf('maxmemory-clients'), '5%')).toBe('5%');
    expect(fromEngine(specOf('maxclients'), '4')).toBe('4');
  });
  it('of buffer limits are whole', () => {
    expect(toEngine(specOf('client-output-buffer-limit'), 'pubsub 64mb 1k 60')).toBe('normal 0 0 0 slave 268435456 67108864 60 pubsub 67108864 1000 60');
    expect(toEngine(specOf('client-output-buffer-limit'), 'Replica 1gb 0 5 normal 1 2 3')).toBe('normal 1 2 3 slave 1073741824 0 5 pubsub 33554432 8388608 60');
  });
  it('of several spellings are one', () => {
    const same = (name: string, one: string, other: string): boolean => isSameValue(specOf(name), one, other);
    expect(same('notify-keyspace-events', 'KEA', 'AKE')).toBe(true);
    expect(same('notify-keyspace-events', 'Kg$lshzxetd', 'AK')).toBe(true);
    expect(same('notify-keyspace-events', 'KEA', 'KA')).toBe(false);
    expect(same('save', ' 900   1', '900 1')).toBe(true);
    expect(same('save', '900 1', '900 1 60 10')).toBe(false);
    expect(same('client-output-buffer-limit', 'replica 256mb 64mb 60', defaultLimits)).toBe(true);
    expect(same('client-output-buffer-limit', 'replica 256mb 64mb 61', defaultLimits)).toBe(false);
    expect(same('latency-tracking-info-percentiles', '50.0 99', '50 99')).toBe(true);
    expect(same('ignore-warnings', 'a  b', 'a b')).toBe(false);
  });
  it('go to the engine and come back', () => {
    const number = fc.nat({ max: 10 ** 9 });
    const limits = fc.array(fc.tuple(fc.constantFrom('replica', 'pubsub'), number, number, fc.nat({ max: 1000 })), { minLength: 1, maxLength: 3 }).map((all) => all.flat().join(' '));
    const saves = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 ** 6 }), fc.nat({ max: 10 ** 6 })), { maxLength: 4 }).map((all) => all.flat().join(' '));
    for (const [name, values] of [['client-output-buffer-limit', limits], ['save', saves]] as const) {
      fc.assert(fc.property(values, (value) => {
        expect(wordsProblem(name, value)).toBeNull();
        const words = toEngine(specOf(name), value);
        expect(isSameValue(specOf(name), words, value)).toBe(true);
        expect(toEngine(specOf(name), fromEngine(specOf(name), words))).toBe(words);
        expect(parseConfig(`${name} ${words === '' ? '""' : words}`).get(name)).toBe(words);
      }));
    }
  });
});

describe('what does not fit is told before anybody tries it', () => {
  const flavor = { vcpus: 1, memoryMb: 512 };
  const pathsOf = (parameters: Record<string, string>): string[] => checkParameters({ flavor, parameters }).map(({ path }) => path.join('.'));
  it('more memory than the flavor has', () => {
    const room = (512 - 40) * 1024 ** 2;
    expect(pathsOf({ 'maxmemory': String(room), 'maxmemory-clients': String(room) })).toEqual([]);
    expect(pathsOf({ 'maxmemory': String(room + 1), 'maxmemory-clients': String(room + 1), 'repl-backlog-size': String(room + 1) })).toEqual(['maxmemory', 'maxmemory-clients', 'repl-backlog-size']);
    expect(checkParameters({ flavor, parameters: { maxmemory: '9000000000' } })[0]?.message).toContain(`at most ${room}`);
  });
  it('limits that would cut Coffer off', () => {
    expect(pathsOf({ 'client-output-buffer-limit': 'normal 1kb 0 0' })).toEqual(['client-output-buffer-limit']);
    expect(pathsOf({ 'client-output-buffer-limit': 'normal 0 1kb 60' })).toEqual(['client-output-buffer-limit']);
    expect(pathsOf({ 'client-output-buffer-limit': 'normal 1mb 0 0 pubsub 1kb 0 0' })).toEqual([]);
  });
  it('memory without a limit', () => {
    expect(pathsOf({ maxmemory: '0' })).toEqual(['maxmemory']);
    expect(pathsOf({ 'maxmemory-clients': '0' })).toEqual([]);
  });
  it.each([
    ['client-output-buffer-limit', 'pubsub 64mb'], ['client-output-buffer-limit', 'pubsub 64mb 16mb sixty'], ['client-output-buffer-limit', 'master 1 1 1'], ['client-output-buffer-limit', ''],
    ['save', '900'], ['save', '0 1'], ['save', '900 1\nport 1'], ['latency-tracking-info-percentiles', '101'], ['latency-tracking-info-percentiles', 'half'], ['ignore-warnings', 'a\0b'],
  ])('%s %j', (name, value) => { expect(pathsOf({ [name]: value })).toEqual([name]); });
  it('and nothing else is', () => { expect(pathsOf({ 'save': '', 'latency-tracking-info-percentiles': '', 'timeout': '0', 'ignore-warnings': 'x' })).toEqual([]); });
});
