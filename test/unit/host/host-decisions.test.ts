import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gatewayEnvironment } from '../../../host/gateway.ts';
import { createHostLog } from '../../../host/host-log.ts';
import { decidePrincipals } from '../../../host/principals.ts';
import { explainSystemError } from '../../../host/problem.ts';
import { publicUrl } from '../../../host/readiness.ts';
import { nextSteps } from '../../../host/next-steps.ts';
import { openRotatingLog } from '../../../host/rotating-log.ts';
import { complaintOf } from '../../../host/store/initialise.ts';
import { storeArguments, storeUrl } from '../../../host/store/settings.ts';
import { fitsSocketPath, homePaths } from '../../../kernel/home.ts';
import { loadSettings, type Settings } from '../../../kernel/settings.ts';

const settings = (env: Record<string, string> = {}): Settings => {
  const loaded = loadSettings({ COFFER_HOME: '/h', ...env }, { uid: 0, userHome: '/root', machineName: 'm' });
  if ('problems' in loaded) throw new Error(loaded.problems[0]?.message);
  return loaded.settings;
};

describe('the host', () => {
  it('gives the gateway the operator\'s settings and nothing else of its environment', () => {
    const env = gatewayEnvironment({ PATH: '/bin', HOME: '/root', AWS_SECRET: 'x', COFFER_PORT: '1234', DATABASE_URL: 'postgresql://x/y', SSH_AUTH_SOCK: '/s', COFFER_TEST_A: '1', HTTPS_PROXY: 'p' }, settings());
    expect(env).toEqual({ PATH: '/bin', COFFER_PORT: '1234', DATABASE_URL: 'postgresql://x/y', COFFER_TEST_A: '1', HTTPS_PROXY: 'p', NODE_ENV: 'production', COFFER_HOME: '/h', COFFER_HOST_NAME: 'm' });
  });

  it('tells an address that can be opened, also for one that stands for all', () => {
    expect(publicUrl({ host: '0.0.0.0', port: 1 })).toBe('http://127.0.0.1:1');
    expect(publicUrl({ host: '::', port: 1 })).toBe('http://[::1]:1');
    expect(publicUrl({ host: 'db.example', port: 8779 })).toBe('http://db.example:8779');
  });

  it('shows a mutation that is valid JSON inside its quotes', () => {
    const body = /-d '(.*)'/.exec(nextSteps('http://x/graphql', '/t'))?.[1] ?? '';
    expect(JSON.parse(body).query).toContain('createInstance(input: { name: "first"');
  });

  it('gives gateway and store users of their own when it is root, and none otherwise', () => {
    expect(decidePrincipals(settings(), 0)).toMatchObject({ gateway: { identity: { kind: 'plain', uid: 2_400_000 } }, store: { identity: { kind: 'namespace', map: [{ inside: 1, outside: 2_400_001 }], become: 1 } } });
    expect(decidePrincipals(settings(), 1000)).toMatchObject({ gateway: { identity: { kind: 'same' }, owner: null }, store: { identity: { kind: 'same' }, owner: null } });
    expect(decidePrincipals(settings({ COFFER_ISOLATION: 'shared' }), 0).store).toMatchObject({ identity: { kind: 'plain', uid: 2_400_001 }, initialise: { kind: 'plain' } });
  });

  it('says what the system means', () => {
    const error = (code: string): Error => Object.assign(new Error(`${code}: whatever`), { code, path: '/p' });
    expect(explainSystemError(error('ENOSPC'), 'doing').message).toBe('doing: the disk is full (/p). Free some space and start again');
    expect(explainSystemError(error('EACCES'), 'doing').message).toContain('permission denied (/p)');
    expect(explainSystemError(new Error('odd\nstack'), 'doing').message).toBe('doing: odd');
  });

  it('finds the line in which PostgreSQL complains', () => {
    expect(complaintOf('2026 UTC [1] LOG:  starting\n2026 UTC [1] FATAL:  could not create lock file "x": No space left on device\nHINT: y')).toBe('could not create lock file "x": No space left on device');
    expect(complaintOf('initdb: error: could not look up effective user ID 1: x')).toBe('could not look up effective user ID 1: x');
    expect(complaintOf('')).toBe('');
  });

  it('runs the store on its socket alone, every commit on disk', () => {
    const args = storeArguments('/d', '/s').join(' ');
    for (const expected of ['listen_addresses= ', 'unix_socket_directories=/s', 'synchronous_commit=on', 'fsync=on', 'full_page_writes=on']) expect(`${args} `).toContain(expected);
    expect(storeUrl('/run/x y', 'p')).toBe('postgresql://coffer:p@/coffer?host=%2Frun%2Fx%20y');
  });

  it('puts sockets where their path is short enough', () => {
    expect(homePaths('/var/lib/coffer').computeSocket).toBe('/var/lib/coffer/run/compute.sock');
    const deep = homePaths(`/${'deep/'.repeat(30)}home`);
    expect(deep.computeSocket).toMatch(/^\/tmp\/coffer-[0-9a-f]{16}\/compute\.sock$/);
    expect(fitsSocketPath(`${deep.storeSockets}/.s.PGSQL.5432.lock`)).toBe(true);
  });
});

describe('a log of the host', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'coffer-test-log-')); });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('never grows beyond its files', () => {
    const log = openRotatingLog(join(folder, 'a.log'), 10);
    for (let line = 0; line < 40; line++) log.write(`line ${line}\n`);
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2', 'a.log.3', 'a.log.4', 'a.log.5']);
    expect(readFileSync(join(folder, 'a.log'), 'utf8')).toContain('line 39');
  });

  it('loses lines rather than its writer when the disk is full or the folder gone', () => {
    const log = openRotatingLog('/proc/nowhere/a.log');
    expect(() => log.write('x')).not.toThrow();
  });

  it('keeps what is below its level out and shows warnings to a person', () => {
    const shown: string[] = [];
    const written: string[] = [];
    const log = createHostLog({ write: (text) => { written.push(String(text)); }, close() {} }, 'info', (text) => { shown.push(text); }).child({ part: 'store' });
    log.debug({}, 'small');
    log.info({ a: 1 }, 'usual');
    log.warn({ reason: 'odd' }, 'look');
    expect(shown).toEqual(['look (part store, reason odd)']);
    expect(written.map((line) => JSON.parse(line).msg)).toEqual(['usual', 'look']);
  });
});
