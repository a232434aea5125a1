import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings, type Settings } from '../../../kernel/settings.ts';
import { renderSettingsPage } from '../../../kernel/settings-page.ts';

const context = { uid: 1000, userHome: '/home/ada', machineName: 'vm-1' };
const load = (env: Record<string, string>, change = {}): Settings => {
  const loaded = loadSettings(env, { ...context, ...change });
  if ('problems' in loaded) throw new Error(loaded.problems.map((problem) => problem.message).join('\n'));
  return loaded.settings;
};
const problems = (env: Record<string, string>): string[] => {
  const loaded = loadSettings(env, context);
  return 'problems' in loaded ? loaded.problems.map((problem) => problem.message) : [];
};

describe('settings', () => {
  it('have a default for everything', () => {
    expect(load({})).toMatchObject({
      home: '/home/ada/.local/share/coffer', host: '127.0.0.1', port: 8779, databaseUrl: null, roles: ['api', 'worker', 'conductor', 'compute'],
      conductorPort: 8780, enrolPort: 8781, enginePorts: { first: 24_000, last: 24_999 }, engineBind: '127.0.0.1', engineAdvertise: '127.0.0.1',
      region: 'local', hostName: 'vm-1', logLevel: 'info', secretKey: null, enginePaths: {}, isolation: 'auto', uidBase: 2_400_000, leafTtlHours: 24,
    });
    expect(load({}, { uid: 0 }).home).toBe('/var/lib/coffer');
  });

  it('follow one another: the enrolment port the conductor, the advertised address the bound one', () => {
    expect(load({ COFFER_CONDUCTOR_PORT: '9000', COFFER_ENGINE_BIND: '10.0.0.7' })).toMatchObject({ enrolPort: 9001, engineAdvertise: '10.0.0.7' });
  });

  it('tell agents and applications an address of their own where everything is listened on', () => {
    expect(load({ COFFER_CONDUCTOR_HOST: '0.0.0.0', COFFER_CONDUCTOR_ADVERTISE: 'db.example', COFFER_ENGINE_BIND: '::', COFFER_ENGINE_ADVERTISE: '10.0.0.7' }))
      .toMatchObject({ conductorHost: '0.0.0.0', conductorAdvertise: 'db.example', engineAdvertise: '10.0.0.7' });
  });

  it('read limits of the API and trusted proxies', () => {
    expect(load({ COFFER_LIMITS: 'maxDepth=20, maxCost=50000', COFFER_TRUSTED_PROXIES: '::1,10.0.0.0/8' })).toMatchObject({ limits: { maxDepth: 20, maxCost: 50_000 }, trustedProxies: ['::1', '10.0.0.0/8'] });
    expect(load({})).toMatchObject({ limits: {}, trustedProxies: [] });
  });

  it('count an empty variable as absent', () => expect(load({ COFFER_PORT: '' }).port).toBe(8779));

  it('read engine paths, roles in their order, and a key in either notation', () => {
    expect(load({ COFFER_ENGINE_PATHS: 'postgresql/17=/opt/pg17/bin, redis/8=/opt/redis' }).enginePaths).toEqual({ 'postgresql/17': '/opt/pg17/bin', 'redis/8': '/opt/redis' });
    expect(load({ COFFER_ROLES: 'compute, api' }).roles).toEqual(['api', 'compute']);
    const key = Buffer.alloc(32, 7);
    expect(load({ COFFER_SECRET_KEY: key.toString('hex') }).secretKey).toEqual(key);
    expect(load({ COFFER_SECRET_KEY: key.toString('base64') }).secretKey).toEqual(key);
  });

  it.each([
    [{ COFFER_PROT: '1' }, 'COFFER_PROT is not a setting of Coffer; did you mean COFFER_PORT?'],
    [{ COFFER_BANANAS_AND_MORE: '1' }, 'COFFER_BANANAS_AND_MORE is not a setting of Coffer; docs/reference/settings.md lists them'],
    [{ COFFER_PORT: '0' }, 'COFFER_PORT=0: it must be a port number from 1 to 65535'],
    [{ COFFER_HOME: 'here' }, 'COFFER_HOME=here: it must be an absolute path'],
    [{ COFFER_ENGINE_PORTS: '25000-24000' }, 'COFFER_ENGINE_PORTS=25000-24000: it must be two port numbers from 1024 to 65535 like 24000-24999'],
    [{ COFFER_PORT: '24500' }, 'COFFER_PORT=24500: it lies within COFFER_ENGINE_PORTS; move one of them'],
    [{ COFFER_CONDUCTOR_PORT: '8779' }, 'COFFER_CONDUCTOR_PORT=8779: it is the port of COFFER_PORT too; give each its own'],
    [{ COFFER_ENGINE_BIND: '0.0.0.0' }, 'COFFER_ENGINE_ADVERTISE=0.0.0.0: nobody can connect to it; set the name or address under which applications reach this machine'],
    [{ COFFER_CONDUCTOR_HOST: '::' }, 'COFFER_CONDUCTOR_ADVERTISE=::: nobody can connect to it; set the name or address under which agents reach this machine'],
    [{ COFFER_LIMITS: 'maxDepht=3' }, 'COFFER_LIMITS=maxDepht=3: it has no limit "maxDepht" (docs/reference/settings.md lists them)'],
    [{ COFFER_LIMITS: 'maxDepth=0' }, 'COFFER_LIMITS=maxDepth=0: it must give maxDepth a whole number from 1 to 1000'],
    [{ COFFER_LIMITS: 'maxDepth' }, 'COFFER_LIMITS=maxDepth: it must look like maxDepth=20,maxCost=50000'],
    [{ COFFER_TRUSTED_PROXIES: '10.0.0.0/33' }, 'COFFER_TRUSTED_PROXIES=10.0.0.0/33: it must be addresses or networks like 10.0.0.1,192.168.0.0/16, separated by commas'],
    [{ COFFER_LOG_LEVEL: 'loud' }, 'COFFER_LOG_LEVEL=loud: it must be one of debug, info, warn, error'],
  ])('refuse %j', (env, message) => expect(problems(env)).toEqual([message]));

  it('never repeat a secret in a complaint', () => {
    const said = problems({ DATABASE_URL: 'mysql://u:hush@x/y', COFFER_SECRET_KEY: 'hush' }).join('\n');
    expect(said).toContain('DATABASE_URL must look like');
    expect(said).not.toContain('hush');
  });

  it('leave hooks of tests and the command line client alone', () => expect(problems({ COFFER_TEST_X: '1', COFFER_TOKEN: 'x', PATH: '/bin' })).toEqual([]));

  it('are all on the generated page', () => {
    expect(readFileSync(join(import.meta.dirname, '../../../docs/reference/settings.md'), 'utf8')).toBe(renderSettingsPage());
  });
});
