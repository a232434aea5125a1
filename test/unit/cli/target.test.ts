import { describe, expect, it } from 'vitest';
import { parseEndpoint, isLoopback } from '../../../cli/api/endpoint.ts';
import { Failure } from '../../../cli/failure.ts';
import { parseConfig } from '../../../cli/session/config-file.ts';
import { decideTarget, type Given } from '../../../cli/session/decide-target.ts';
import { homesToTry, portInRecord } from '../../../cli/session/local-installation.ts';

const local = { url: 'http://127.0.0.1:8779/graphql', token: 'local-token', tokenPath: '/home/token' };
const config = { current: 'work', contexts: { work: { url: 'https://work.example/graphql', token: 'work-token', project: 'web' }, other: { url: 'https://other.example', token: 'other-token' } } };
const decide = (given: Partial<Given>) => decideTarget({ options: {}, fileToken: null, env: {}, config: { current: null, contexts: {} }, local: null, ...given });

describe('which server and which token', () => {
  it('takes the installation on this machine when nothing is configured', () => {
    expect(decide({ local })).toMatchObject({ url: local.url, token: 'local-token', tokenFrom: '/home/token', context: null });
  });
  it('prefers the current context to the local installation, and tells its project', () => {
    expect(decide({ local, config })).toMatchObject({ url: 'https://work.example/graphql', token: 'work-token', project: 'web', context: 'work' });
  });
  it('prefers the environment to the current context', () => {
    expect(decide({ config, env: { COFFER_URL: 'https://ci.example', COFFER_TOKEN: 'ci-token' } })).toMatchObject({ url: 'https://ci.example/graphql', token: 'ci-token', context: null });
  });
  it('prefers a context that is named to the environment', () => {
    expect(decide({ config, options: { context: 'other' }, env: { COFFER_URL: 'https://ci.example', COFFER_TOKEN: 'ci-token' } })).toMatchObject({ url: 'https://other.example/graphql', token: 'other-token' });
  });
  it('never sends the token of a context to another address', () => {
    expect(() => decide({ config, options: { url: 'https://elsewhere.example' } })).toThrow(/no token for https:\/\/elsewhere\.example/);
    expect(() => decide({ config, options: { context: 'work', url: 'https://elsewhere.example' } })).toThrow(/no token/);
  });
  it('never sends the token of this machine anywhere else', () => {
    expect(() => decide({ local, options: { url: 'http://10.0.0.9:8779' } })).toThrow(/no token/);
    expect(decide({ local, options: { url: 'localhost:9000' } })).toMatchObject({ url: 'http://localhost:9000/graphql', token: 'local-token' });
  });
  it('says what to do when there is no token at all', () => {
    const failure = (() => { try { return decide({}); } catch (error) { return error; } })() as Failure;
    expect(failure.exitCode).toBe(5);
    expect(failure.details.remedy).toMatch(/coffer login/);
  });
  it('fails with "not found" for a context that does not exist', () => {
    expect(() => decide({ config, options: { context: 'nope' } })).toThrow(expect.objectContaining({ exitCode: 3 }));
  });
  it('takes the project from the option, the environment, the context, in this order', () => {
    expect(decide({ config, env: { COFFER_PROJECT: 'env' }, options: { project: 'option' } }).project).toBe('option');
    expect(decide({ config, env: { COFFER_PROJECT: 'env' } }).project).toBe('env');
    expect(decide({ config, env: { COFFER_PROJECT: '' } }).project).toBe(null);
    expect(decide({ config, options: { project: '' } }).project).toBe('');
  });
});

describe('addresses', () => {
  it.each([['localhost:8779', 'http://localhost:8779/graphql'], ['https://x.example', 'https://x.example/graphql'], ['http://x.example/api', 'http://x.example/api']])('%s means %s', (text, url) => {
    expect(parseEndpoint(text)).toBe(url);
  });
  it.each(['ftp://x', 'http://', 'https://user:secret@x.example'])('%s is refused', (text) => { expect(() => parseEndpoint(text)).toThrow(Failure); });
  it('knows what stays on this machine', () => {
    expect(['http://127.0.0.2/', 'http://[::1]/', 'http://localhost/'].map(isLoopback)).toEqual([true, true, true]);
    expect(['http://127.example/', 'http://10.0.0.1/', 'http://localhost.example/'].map(isLoopback)).toEqual([false, false, false]);
  });
});

describe('what lies on disk', () => {
  it('reads a configuration, and forgets a current context that is not there', () => {
    expect(parseConfig('{"current":"gone","contexts":{"a":{"url":"u","token":"t"}}}', 'f')).toEqual({ current: null, contexts: { a: { url: 'u', token: 't' } } });
  });
  it.each(['', '[]', '{}', '{"contexts":{"a":{"url":1,"token":"t"}}}', '{"contexts":{"a":{"url":"u"}}}'])('refuses %j with the name of the file', (text) => {
    expect(() => parseConfig(text, '/x/config.json')).toThrow(/\/x\/config\.json/);
  });
  it('looks for the home where a start of that user would put it', () => {
    expect(homesToTry({}, '/home/ann', 1000)[0]).toBe('/home/ann/.local/share/coffer');
    expect(homesToTry({}, '/root', 0)[0]).toBe('/var/lib/coffer');
    expect(homesToTry({ COFFER_HOME: '/srv/c' }, '/root', 0)).toEqual(['/srv/c']);
  });
  it('takes the port from the record of the running host, if that makes sense', () => {
    expect(portInRecord('{"pid":1,"port":9000}')).toBe(9000);
    expect([portInRecord(''), portInRecord('{"port":"x"}'), portInRecord('{"port":70000}')]).toEqual([null, null, null]);
  });
});
