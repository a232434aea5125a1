import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig, quote, renderConfig, splitArguments } from '../../../strategies/datastores/redis/guest/config-file.ts';
import { sizeRedis } from '../../../strategies/datastores/redis/sizing.ts';
import { nastyText } from '../../support/nasty-texts.ts';

const ctx = {
  track: '8', sizing: sizeRedis({ track: '8', flavor: { vcpus: 4, memoryMb: 1024 }, volumeGb: 5 }),
  paths: { data: '/i/volume/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/e', bin: '/e/bin' },
  tls: { certificate: '/i/tls/server.crt', key: '/i/tls/server.key', ca: '/i/tls/ca.crt' },
  network: { bind: '::1', advertise: '::1', ports: { redis: 6379 } },
};
const anyText = fc.oneof(nastyText, fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: fc.constantFrom('\0', '\t', '\n', '\v', '\r', ' ', '"', "'", '\\', 'x', '4', 'f', 'n', '#', '\xa0'), maxLength: 12 })).filter((text) => text.isWellFormed());
/** Words in sdssplitargs' own tests. */
const split: [string, string[] | null][] = [
  ['a b  c', ['a', 'b', 'c']], [`"a b" 'c d'`, ['a b', 'c d']], [String.raw`"\x41\n\"\\"`, ['A\n"\\']], [String.raw`'\'\n'`, [String.raw`'\n`]], ['""', ['']], ['a"b c"', ['ab c']],
  ['"a', null], [`'a`, null], ['"a"b', null], [String.raw`"a\"`, null], ['', []], ['\xa0 b', ['\xa0', 'b']],
];

describe('redis.conf', () => {
  it.each(split)('splits %j as the engine does', (line, words) => { expect(splitArguments(line)).toEqual(words); });
  it('gives any text back', () => {
    fc.assert(fc.property(anyText, anyText, (one, other) => {
      const line = `name ${quote(one)} ${quote(other)}`;
      expect(line).toMatch(/^[\x20-\x7e]+$/);
      expect(splitArguments(line)).toEqual(['name', one, other]);
    }), { numRuns: 1000 });
  });
  it('gives the values of a group back, and they change no other line', () => {
    const names = fc.constantFrom('maxmemory', 'save', 'syslog-ident', 'timeout', 'notify-keyspace-events');
    const bare = parseConfig(renderConfig(ctx, {}));
    fc.assert(fc.property(fc.dictionary(names, anyText), (group) => {
      const words = Object.fromEntries(Object.entries(group));
      expect(parseConfig(renderConfig(ctx, words))).toEqual(new Map([...new Map([...bare, ...Object.entries(words)])].sort(([a], [b]) => (a < b ? -1 : 1))));
    }), { numRuns: 300 });
  });
  it('has owned over group over sizing over usual values, each name once', () => {
    const text = renderConfig(ctx, { 'maxmemory': '1', 'loglevel': 'debug', 'dir': '/tmp', 'hz': '20' });
    expect(text.match(/^(maxmemory|loglevel|dir|hz|io-threads|appendfsync) .*$/gm)).toEqual(['appendfsync everysec', 'dir /i/volume/data', 'hz 20', 'io-threads 2', 'loglevel debug', 'maxmemory 1']);
    const names = text.split('\n').slice(1, -1).map((line) => line.split(' ')[0]);
    expect(new Set(names).size).toBe(names.length);
  });
  it('tells a track nothing that it does not know', () => {
    expect(parseConfig(renderConfig({ ...ctx, track: '7' }, {})).has('locale-collate')).toBe(false);
    expect(parseConfig(renderConfig(ctx, {})).get('locale-collate')).toBe('C');
  });
});
