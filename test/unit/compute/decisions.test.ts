import { describe, expect, it } from 'vitest';
import { decideLayouts } from '../../../compute/cgroup/layout.ts';
import { limitFiles } from '../../../compute/cgroup/limiter.ts';
import { packagesToTell } from '../../../compute/guest/agent-process.ts';
import { decideDisk } from '../../../compute/guest/disk-guard.ts';
import { guestPaths } from '../../../compute/guest/folders.ts';
import { decideNextStart } from '../../../compute/guest/keeper.ts';
import { createLanes } from '../../../compute/guest/lanes.ts';
import { decidePair } from '../../../compute/guest/users.ts';
import { privilegeArgs } from '../../../compute/launch/identity.ts';
import { decideLetGo } from '../../../compute/processes/end.ts';
import { decideAtWork, decideOwnership } from '../../../compute/processes/of-instance.ts';
import { isGone, parseStat } from '../../../kernel/process-stat.ts';
import { admitAttempt, refuseDestroyed, refuseOlder } from '../../../compute/records/fence.ts';

describe('whose process it is', () => {
  const marks = { instanceId: 'inst_a', uids: [2_400_016, 2_400_017], root: '/h/instances/inst_a', programFolders: ['/h/engines', '/h/runtime'] };
  const process = { uids: [1000, 1000], environment: [], words: [], cwd: '/', exe: '/usr/bin/bash' };
  it.each([
    ['its user', { uids: [2_400_017] }, 'uid'],
    ['the mark it inherited', { environment: ['A=1', 'COFFER_INSTANCE=inst_a'] }, 'marker'],
    ['the folder an engine works in', { cwd: '/h/instances/inst_a/volume/data', exe: '/h/engines/x/bin/redis-server' }, 'place'],
    ['a path in an engine\'s arguments', { words: ['redis-server', '/h/instances/inst_a/config/r.conf'], exe: '/h/engines/x/redis-server (deleted)' }, 'place'],
    ['a person\'s shell in the folder', { cwd: '/h/instances/inst_a/logs' }, null],
    ['a person\'s pager on a log', { words: ['less', '/h/instances/inst_a/logs/agent.log'], exe: '/usr/bin/less' }, null],
    ['an engine of another instance', { cwd: '/h/instances/inst_ab/volume', exe: '/h/engines/x' }, null],
    ['the mark of another instance', { environment: ['COFFER_INSTANCE=inst_ab'] }, null],
  ])('is told by %s', (_, traits, expected) => expect(decideOwnership({ ...process, ...traits }, marks)).toBe(expected));
});

describe('what is at work on the data', () => {
  it.each([
    ['the engine\'s user', { uids: [101, 101, 101, 101] }, 100, true],
    ['one that is just becoming it', { uids: [100, 101, 100, 101] }, 100, true],
    ['the agent\'s user, who counts files', {}, 100, false],
    ['what has the engine\'s mark, with one user for all', { environment: ['PATH=/bin', 'COFFER_ENGINE=inst_a'] }, null, true],
    ['an engine that wrote a title over it', { environment: ['engine: idle'], cwd: '/h/instances/inst_a/volume/data' }, null, true],
    ['what cannot be looked at', { environment: [''], cwd: '' }, null, true],
    ['who counts files, with one user for all', {}, null, false],
  ])('%s', (_, traits, agentUid, expected) =>
    expect(decideAtWork({ uids: [100, 100, 100, 100], environment: ['PATH=/bin'], cwd: '/', ...traits }, { instanceId: 'inst_a', agentUid })).toBe(expected));
});

describe('what the kernel says of a process', () => {
  const line = (state: string, threads = 1) => `42 (a) b (c) ${state} 7 1 1 34816 ${'0 '.repeat(12)}${threads} 0 4711 0`;
  it('is read also when the name has brackets and spaces', () => {
    expect(parseStat(line('S'))).toEqual({ pid: 42, name: 'a) b (c', state: 'S', parent: 7, terminal: 34_816, threads: 1, startTicks: 4711 });
    expect(parseStat('')).toBeUndefined();
  });
  it.each([['runs', line('R'), false], ['is not there', '', true], ['waits for its reaper', line('Z'), true], ['has lost its first thread alone', line('Z', 3), false]])(
    'one that %s: gone is %3$s', (_, text, gone) => expect(isGone(parseStat(text))).toBe(gone));
});

describe('what an agent imports', () => {
  const named = ['/a.mjs', '/b.mjs'];
  it.each([
    ['its own plugin', ['/b.mjs'], ['/b.mjs']],
    ['nothing where that is built in', [], []],
    ['whatever is named where an earlier release did not write it down', undefined, named],
    ['whatever is named where its own was renamed', ['/old.mjs'], named],
  ])('is %s', (_, packages, expected) => expect(packagesToTell(packages ? { packages } : {}, named)).toEqual(expected));
});

describe('user ids', () => {
  it('are given in turn and not again soon', () => {
    expect(decidePair(1000, -1, new Set())).toEqual({ index: 0, agent: 1016, engine: 1017 });
    expect(decidePair(1000, 0, new Set())).toEqual({ index: 1, agent: 1018, engine: 1019 });
    expect(decidePair(1000, 0, new Set([1019]))).toEqual({ index: 2, agent: 1020, engine: 1021 });
    expect(decidePair(1000, 32_759, new Set())).toMatchObject({ index: 0 });
  });
  it('stay within the range', () => {
    const last = decidePair(0, 32_758, new Set());
    expect(last?.engine).toBeLessThan(65_536);
    expect(decidePair(0, 0, { has: () => true } as unknown as Set<number>)).toBeNull();
  });
});

describe('control groups', () => {
  const v1 = ['memory', 'cpu,cpuacct', 'pids'].map((name) => `cgroup /sys/fs/cgroup/${name} cgroup rw,${name} 0 0`).join('\n');
  it('of version 1 are root\'s', () => {
    expect(decideLayouts(v1, '', true)).toEqual([{ version: 1, parents: { memory: '/sys/fs/cgroup/memory/coffer', cpu: '/sys/fs/cgroup/cpu,cpuacct/coffer', pids: '/sys/fs/cgroup/pids/coffer' } }]);
    expect(decideLayouts(v1, '', false)).toEqual([]);
  });
  it('of version 2 may be delegated to a user', () => {
    const v2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0';
    expect(decideLayouts(v2, '0::/init\n', true)[0]?.parents.memory).toBe('/sys/fs/cgroup/coffer');
    expect(decideLayouts(v2, '0::/user.slice/user-1000.slice/session.scope\n', false)[0]?.parents.memory).toBe('/sys/fs/cgroup/user.slice/user-1000.slice/coffer');
    expect(decideLayouts(v2, '0::/\n', false)).toEqual([]);
  });
  it('limit what the flavor says, and leave the agent its own share', () => {
    expect(limitFiles(2, { memoryMb: 256, vcpus: 0.5 }).map(({ file, value }) => `${file}=${value}`)).toEqual([`memory.max=${(256 + 160) * 1024 ** 2}`, 'cpu.max=50000 100000', 'pids.max=4096']);
    expect(limitFiles(1, { memoryMb: 1, vcpus: 2 }).find(({ file }) => file === 'cpu.cfs_quota_us')?.value).toBe('200000');
  });
});

describe('privileges', () => {
  it('an agent keeps what it needs over its own two users and can gain nothing', () => {
    const args = privilegeArgs({ kind: 'namespace', map: [], become: 0 });
    expect(args).toContain('--no-new-privs');
    expect(args).toContain('--clear-groups');
    expect(args.find((arg) => arg.startsWith('--bounding-set'))).toBe('--bounding-set=-all,+chown,+dac_override,+fowner,+setuid,+setgid,+kill');
  });
  it('everybody else keeps nothing', () => {
    for (const identity of [{ kind: 'plain', uid: 5, gid: 5 }, { kind: 'namespace', map: [], become: 1 }] as const) {
      expect(privilegeArgs(identity)).toEqual(expect.arrayContaining(['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--clear-groups']));
    }
    expect(privilegeArgs({ kind: 'same' }, 'TERM')).toEqual(['--no-new-privs', '--pdeathsig', 'TERM']);
  });
});

describe('fences', () => {
  const claim = (generation: number, epoch: number, attempt: number, operationId: string) => ({ fence: { generation, epoch, attempt }, operationId });
  it('let newer claims in and zombies not', () => {
    expect(() => refuseOlder(claim(1, 2, 1, 'b'), claim(1, 1, 9, 'a'), 'x')).not.toThrow();
    expect(() => refuseOlder(claim(1, 1, 9, 'a'), claim(1, 2, 1, 'b'), 'x')).toThrow(/older/);
    expect(() => refuseOlder(claim(2, 1, 1, 'c'), claim(1, 9, 1, 'b'), 'x')).not.toThrow();
    expect(() => refuseOlder(claim(1, 1, 1, 'a'), claim(1, 1, 2, 'a'), 'x')).toThrow(/older/);
  });
  it('remember attempts of operations that go side by side', () => {
    const seen = { fence: { generation: 1, epoch: 5, attempt: 1 }, attempts: { a: 2, b: 1 } };
    expect(() => admitAttempt(claim(1, 5, 1, 'a'), seen, 'x')).toThrow(/after attempt 2/);
    expect(admitAttempt(claim(1, 5, 2, 'b'), seen, 'x')).toEqual({ a: 2, b: 2 });
    expect(admitAttempt(claim(1, 6, 1, 'a'), seen, 'x')).toEqual({ a: 1 });
  });
  it('make nothing again with the claim that destroyed it', () => {
    expect(() => refuseDestroyed(claim(1, 3, 1, 'd'), claim(1, 3, 1, 'd'), 'x')).toThrow(/destroyed/);
    expect(() => refuseDestroyed(claim(1, 4, 1, 'n'), claim(1, 3, 1, 'd'), 'x')).not.toThrow();
  });
});

describe('an agent that dies', () => {
  it('is started later and later, and at once again after it has lived for a while', () => {
    let attempts = { failures: 0, lastStartMs: 0, notBeforeMs: 0 };
    const waits: number[] = [];
    for (let death = 0; death < 12; death++) {
      attempts = decideNextStart(attempts, 100, 0.999);
      waits.push(Math.round(attempts.notBeforeMs - 100));
    }
    expect(waits[0]).toBeLessThanOrEqual(200);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(30_000);
    expect(decideNextStart(attempts, 100_000, 0).failures).toBe(1);
  });
});

describe('a disk that runs full', () => {
  const gib = 1024 ** 3;
  const volumes = (isHeld: boolean) => [['good', 0.9], ['little', 1.05], ['far', 1.2]].map(([instanceId, used]) => ({ instanceId: String(instanceId), usedBytes: Number(used) * gib, sizeGb: 1, isHeld }));
  it('stops those far beyond their size, and only when the host\'s reserve is touched', () => {
    expect(decideDisk(volumes(false), 2 * gib, 2 * gib)).toEqual({ hold: [], release: [] });
    expect(decideDisk(volumes(false), 2 * gib - 1, 2 * gib)).toEqual({ hold: ['far'], release: [] });
  });
  it('lets them go when there is room and some to spare, or when they are back within their size', () => {
    expect(decideDisk(volumes(true), 1 * gib, 2 * gib)).toEqual({ hold: ['far'], release: ['good'] });
    expect(decideDisk(volumes(true), 2.4 * gib, 2 * gib)).toEqual({ hold: [], release: ['good'] });
    expect(decideDisk(volumes(true), 2.5 * gib, 2 * gib)).toEqual({ hold: [], release: ['good', 'little', 'far'] });
  });
});

describe('an agent that is let go', () => {
  it('is told so by a signal of its own, one of an earlier release by the one it knows', () => {
    expect(decideLetGo(0b100_0000_0000_1000_0000_0000n)).toBe('SIGURG');
    expect(decideLetGo(0b1000_0000_0001n)).toBe('SIGHUP');
  });
});

describe('lanes', () => {
  const claim = (epoch: number) => ({ fence: { generation: 1, epoch, attempt: 1 }, operationId: `op_${epoch}` });
  const forever = new AbortController().signal;
  it('let one act at a time happen, in order', async () => {
    const lanes = createLanes();
    const seen: string[] = [];
    const act = (name: string) => async () => { seen.push(`${name} begins`); await Promise.resolve(); seen.push(`${name} ends`); };
    await Promise.all([lanes.run('a', claim(1), forever, act('one')), lanes.run('a', claim(1), forever, act('two'))]);
    expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
    expect(lanes.isBusy('a')).toBe(false);
  });
  it('let a newer claim abort the one that runs, never an older, and begin none of the older that wait', async () => {
    const lanes = createLanes();
    const begun = Promise.withResolvers<void>();
    const running = lanes.run('a', claim(2), forever, (signal) => new Promise((_, reject) => { begun.resolve(); signal.addEventListener('abort', () => reject(signal.reason)); }));
    await begun.promise;
    const older = lanes.run('a', claim(1), forever, async () => 'older');
    const newer = lanes.run('a', claim(3), forever, async () => 'newer');
    await expect(running).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    await expect(older).rejects.toMatchObject({ code: 'AGENT.FENCED' });
    expect(await newer).toBe('newer');
  });
  it('drop a waiter whose caller has gone', async () => {
    const lanes = createLanes();
    const gone = new AbortController();
    const held = Promise.withResolvers<void>();
    const first = lanes.run('a', claim(1), forever, () => held.promise);
    const second = lanes.run('a', claim(1), gone.signal, async () => 'never');
    gone.abort(new Error('gone'));
    held.resolve();
    await first;
    await expect(second).rejects.toThrow('gone');
  });
});

it('an instance\'s paths lie below its folder, but for a socket folder that would be too deep', () => {
  expect(guestPaths('/h/instances/i', null).run).toBe('/h/instances/i/run');
  expect(guestPaths('/h/instances/i', '/run/coffer-1').run).toBe('/run/coffer-1');
});
