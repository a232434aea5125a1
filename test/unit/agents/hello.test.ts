import { describe, expect, it } from 'vitest';
import { decideHello, isAddress, type HelloContext } from '../../../gateway/agents/hello.ts';
import type { Hello } from '../../../proto/generated/coffer/conductor/v1/conductor.ts';

const hello = (over: Partial<Hello> = {}): Hello =>
  ({ instanceId: 'inst_1', agentVersion: '0.2.0', protocols: ['1'], capabilities: ['TLS', 'USERS'], datastore: 'redis', track: '8', buildId: 'redis-8', address: '127.0.0.1:7000', ...over });
const context = (over: Partial<HelloContext> = {}): HelloContext =>
  ({ instance: { id: 'inst_1', datastore: 'redis', track: '8', buildId: 'redis-8' }, capabilities: ['USERS', 'TLS'], release: '0.2.0', ...over });
const decided = (h: Partial<Hello>, c: Partial<HelloContext> = {}): string => {
  const decision = decideHello(hello(h), context(c));
  return decision.ok ? `ok ${decision.capabilities.join(',')}` : decision.reason;
};

describe('an agent that introduces itself', () => {
  it('fits when protocol, datastore, track, build and capabilities do', () => expect(decided({})).toBe('ok TLS,USERS'));
  it('fits an instance whose build is not pinned yet', () => expect(decided({}, { instance: { id: 'inst_1', datastore: 'redis', track: '8', buildId: null } })).toBe('ok TLS,USERS'));
  it.each<[string, Partial<Hello>]>([
    ['ProtocolMismatch', { protocols: ['2'] }], ['Malformed', { protocols: [''] }], ['ProtocolMismatch', { protocols: [] }],
    ['DatastoreMismatch', { datastore: 'valkey' }], ['DatastoreMismatch', { track: '7' }], ['BuildMismatch', { buildId: 'redis-8b' }],
    ['CapabilityMismatch', { capabilities: ['TLS'] }], ['CapabilityMismatch', { capabilities: ['TLS', 'USERS', 'ROOT'] }],
    ['Malformed', { address: 'nowhere' }], ['Malformed', { agentVersion: 'x'.repeat(201) }], ['Malformed', { buildId: 'a\u0000b' }],
  ])('is refused for %s: %j', (reason, over) => expect(decided(over)).toBe(reason));
  it('is refused without a plugin', () => expect(decided({}, { capabilities: undefined })).toBe('PluginMissing'));

  it('of another release is used for what both have', () => {
    expect(decided({ agentVersion: '0.1.0', capabilities: ['TLS'] })).toBe('ok TLS');
    expect(decided({ agentVersion: '0.3.0', capabilities: ['TLS', 'USERS', 'NEWER'], protocols: ['2', '1'] })).toBe('ok TLS,USERS');
  });
  it('of a release without configuration groups is not asked for them, though it claims them for something else', () => {
    const groups: Partial<HelloContext> = { capabilities: ['CONFIGURATION', 'TLS'] };
    const claims = { capabilities: ['CONFIGURATION', 'TLS'] };
    expect(decided({ ...claims, agentVersion: '0.1.0' }, groups)).toBe('ok TLS');
    expect(decided({ ...claims, agentVersion: '0.1.0', protocols: ['1', '1.1'] }, groups)).toBe('ok CONFIGURATION,TLS');
    expect(decided(claims, groups)).toBe('ok CONFIGURATION,TLS');
    expect(decided({ ...claims, agentVersion: '0.1.0' }, { capabilities: ['TLS'] })).toBe('ok TLS');
  });
});

it('an address is host and port', () => {
  expect(['127.0.0.1:1', 'a.b-c:65535', '[::1]:80'].every(isAddress)).toBe(true);
  expect(['', ':1', 'a:0', 'a:65536', 'a b:1', 'unix:/x', '::1:80', 'a:1:2'].some(isAddress)).toBe(false);
});
