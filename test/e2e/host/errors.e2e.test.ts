/** What goes wrong at a start is one clear line and a non-zero exit, without a stack. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clone, makeClone } from '../../support/host/clone.ts';
import { type HostUnderTest, prepareHost, processesNaming, starters } from '../../support/host/host-harness.ts';

let clone: Clone;
beforeAll(async () => { clone = await makeClone(); });
afterAll(() => clone.remove());
const isRoot = process.getuid?.() === 0;

describe.each(starters)('started by %s', (starter) => {
  let host: HostUnderTest;
  beforeAll(async () => { host = await prepareHost(clone.host, starter); });
  afterAll(() => host.dispose());

  async function refusal(env: Record<string, string> = {}): Promise<string> {
    const { code, output } = await host.command(['start'], env);
    expect(code).not.toBe(0);
    const complaint = output.split('\n').filter((line) => line.startsWith('coffer: ')).join('\n');
    expect(output).not.toMatch(/^\s+at /m);
    expect(await processesNaming(host.paths.home)).toEqual([]);
    return complaint;
  }

  it('a port in use: who has it, and which setting moves it', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => { server.listen(Number(host.env['COFFER_PORT']), '127.0.0.1', resolve); });
    const known = starter === 'root' || !isRoot ? ` by [^ ]+ \\(pid ${process.pid}\\)` : '';
    expect(await refusal()).toMatch(new RegExp(`^coffer: port ${host.env['COFFER_PORT']} is in use${known}: stop that, or choose another with COFFER_PORT$`));
    await new Promise((resolve) => { server.close(resolve); });
  });

  it('bad and unknown variables: all at once', async () => {
    expect(await refusal({ COFFER_PORT: 'http', COFFER_ROLES: 'api,king', COFFER_PROT: '1', COFFER_SECRET_KEY: 'hush' })).toBe([
      'coffer: COFFER_PROT is not a setting of Coffer; did you mean COFFER_PORT?',
      'coffer: COFFER_PORT=http: it must be a port number from 1 to 65535',
      'coffer: COFFER_ROLES=api,king: it must be a comma-separated choice of api, worker, conductor, compute',
      'coffer: COFFER_SECRET_KEY must be 32 bytes, as 64 hexadecimal digits or as base64 (try: openssl rand -hex 32)',
    ].join('\n'));
    expect(await refusal({ COFFER_CONDUCTOR_PORT: host.env['COFFER_PORT'] ?? '' })).toContain('it is the port of COFFER_PORT too');
  });

  it('a home that cannot be made or is somebody else\'s', async () => {
    const outer = dirname(host.paths.home);
    await writeFile(join(outer, 'file'), '');
    expect(await refusal({ COFFER_HOME: join(outer, 'file/home') })).toMatch(/^coffer: COFFER_HOME=.* cannot be used: a file is in the way/);
    await mkdir(join(outer, 'mine'));
    await writeFile(join(outer, 'mine/novel.txt'), '');
    if (starter === 'root') {
      expect(await refusal({ COFFER_HOME: join(outer, 'mine') })).toContain('files that are not Coffer\'s (novel.txt)');
      await mkdir(join(outer, 'private'), { mode: 0o700 });
      expect(await refusal({ COFFER_HOME: join(outer, 'private/home') })).toContain('lets no other user in (mode 700)');
    } else {
      await chmod(join(outer, 'mine'), 0o755);
      if (isRoot) expect(await refusal({ COFFER_HOME: join(outer, 'mine') })).toMatch(/permission denied/);
      expect(await refusal({ COFFER_HOME: '/proc/coffer' })).toMatch(/^coffer: COFFER_HOME=\/proc\/coffer cannot be used: .*/);
      expect(await refusal({ COFFER_ISOLATION: 'users' })).toContain('COFFER_ISOLATION=users needs Coffer to be started by root');
    }
  });

  it.runIf(isRoot)('a full disk', async () => {
    const disk = join(dirname(host.paths.home), 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=1777', 'none', disk]);
    try {
      expect(await refusal({ COFFER_HOME: join(disk, 'home') })).toMatch(/^coffer: .*: the disk is full/);
    } finally {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    }
  });

  it.runIf(starter === starters[0])('user namespaces that are forbidden: what to allow or to set', async () => {
    // In a namespace of root's own, whose limit is nobody else's.
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const command = ['--user', '--map-root-user', '/bin/sh', '-c', script, 'sh', process.execPath, clone.host, 'start'];
    const { status, stderr } = spawnSync('unshare', command, { encoding: 'utf8', env: host.env });
    expect([status, stderr.trim()]).toEqual([1, expect.stringMatching(/^coffer: this machine forbids user namespaces \(user.max_user_namespaces is 0\): .*\. Allow them, or set COFFER_ISOLATION=shared: [^\n]*$/)]);
  });

  it('a gateway that refuses its configuration, or falls over each time: in its own words', async () => {
    expect(await refusal({ COFFER_TEST_GATEWAY_MODE: 'refuse' })).toBe('coffer: COFFER_SECRET_KEY: the store was sealed with another key');
    expect(await refusal({ COFFER_TEST_GATEWAY_MODE: 'crash' })).toBe('coffer: the stub gateway falls over');
  });

  it('a store that does not start: in its own words', async () => {
    await host.start().then(async (run) => { run.child.kill('SIGTERM'); await run.exited; });
    const version = join(host.paths.store, 'data/PG_VERSION');
    await writeFile(version, '9.6\n');
    expect(await refusal()).toMatch(/^coffer: the control plane's store does not start: database files are incompatible with server/);
    await writeFile(version, '18\n');
  });
});

describe.runIf(isRoot)('a clone that only root can read', () => {
  it('serves for a start by root: everything runs from the copy in the home', async () => {
    const secret = await makeClone(0o700);
    const host = await prepareHost(secret.host, 'root');
    try {
      const run = await host.start();
      expect((await host.ask('/identity')).pid).toBeGreaterThan(0);
      run.child.kill('SIGINT');
      expect((await run.exited).code).toBe(0);
    } finally {
      await host.dispose();
      await secret.remove();
    }
  });
});
