/** The copy that an upgrade goes back to, on a real file system. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initialState } from '../../../agent/state/agent-state.ts';
import { dropKept, isKept, keepData, lookAtRoom, putBack, putBackCopy } from '../../../agent/upgrade/kept.ts';
import { createUpgrading, roomFindings } from '../../../agent/upgrade/upgrading.ts';
import type { GuestContext, ToolResult, ToolSpec } from '../../../strategies/spi/guest.ts';

let volume: string;
const run = ({ command, args }: ToolSpec): Promise<ToolResult> => new Promise((resolve) => {
  execFile(command, [...args], (error, stdout, stderr) => resolve({ exitCode: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }));
});
const contextOf = (operationId: string): GuestContext => ({ operationId, paths: { data: join(volume, 'data') }, deadline: new Date(Date.now() + 60_000), progress: () => undefined, engine: { run, own: async () => undefined } } as unknown as GuestContext);
const write = (text: string): Promise<void> => writeFile(join(volume, 'data/file'), text);
const read = (folder = 'data'): Promise<string> => readFile(join(volume, folder, 'file'), 'utf8');

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'coffer-kept-'));
  await mkdir(join(volume, 'data'));
  await write('before');
});
afterEach(() => rm(volume, { recursive: true, force: true }));

describe('data that are kept', () => {
  it('are a copy of their own, and are put back by renaming', async () => {
    const ctx = contextOf('op_1');
    await keepData(ctx);
    await write('changed in place');
    expect(await read('kept.op_1')).toBe('before');
    expect(isKept(ctx)).toBe(true);
    await putBack(ctx);
    expect(await read()).toBe('before');
    expect(await readdir(volume)).toEqual(['data']);
    expect(isKept(ctx)).toBe(false);
  });
  it('are put back as a copy before a repeat, as often as it takes', async () => {
    const ctx = contextOf('op_1');
    await keepData(ctx);
    for (const half of ['one', 'two']) {
      await write(half);
      await putBackCopy(ctx);
      expect(await read()).toBe('before');
    }
    expect(await read('kept.op_1')).toBe('before');
  });
  it('come back after a crash between the two renames', async () => {
    const ctx = contextOf('op_1');
    await keepData(ctx);
    await rename(join(volume, 'data'), join(volume, 'data.discarded'));
    await putBack(ctx);
    expect(await read()).toBe('before');
    expect(await readdir(volume)).toEqual(['data']);
  });
  it('are nothing to go back to once they were dropped, also half-way', async () => {
    const ctx = contextOf('op_1');
    await keepData(ctx);
    await write('upgraded');
    await rename(join(volume, 'kept.op_1'), join(volume, 'kept.op_1.new'));
    expect(isKept(ctx)).toBe(false);
    await dropKept(ctx);
    expect(await read()).toBe('upgraded');
    expect(await readdir(volume)).toEqual(['data']);
  });
  it('of an earlier operation make room for those of this one; what is there of this one stays', async () => {
    await keepData(contextOf('op_1'));
    await write('later');
    await keepData(contextOf('op_2'));
    expect((await readdir(volume)).sort()).toEqual(['data', 'kept.op_2']);
    await write('half done');
    await keepData(contextOf('op_2'));
    expect(await read('kept.op_2')).toBe('later');
  });
  it('are measured without leaving anything', async () => {
    const room = await lookAtRoom(contextOf('op_1'));
    expect(room.dataBytes).toBeGreaterThan(0);
    expect(room.freeBytes).toBeGreaterThan(0);
    expect(await readdir(volume)).toEqual(['data']);
  });
  it('are measured where nothing can be written any more', async () => {
    await symlink('/dev/full', join(volume, 'reflink-from'));
    expect(await lookAtRoom(contextOf('op_1'))).toMatchObject({ reflink: false });
    expect(await readdir(volume)).toEqual(['data']);
  });
});

describe('values that the engine is known to run with', () => {
  const good = { sizing: {}, parameters: { a: '1' }, configuration: 'cg_1/1' };
  const build = { track: '18', version: '18.1', prefix: '/x', bin: join(tmpdir(), 'no-such-build') };
  const world = () => {
    let state = { ...initialState, good };
    const stopped = { ...contextOf('op_1'), engine: { ...contextOf('op_1').engine, pid: () => null, killLeftovers: async () => undefined } } as unknown as GuestContext;
    const parts = { boot: { build, paths: { root: volume }, isolation: 'shared', engineUid: null, instanceId: 'none' }, guest: { upgrade: { run: async () => undefined } }, state: { current: () => state, update: async (change: object) => { state = { ...state, ...change }; } } };
    return { ctx: stopped, now: () => state, change: (more: object) => void Object.assign(state, more), upgrading: createUpgrading(parts as unknown as Parameters<typeof createUpgrading>[0]) };
  };
  it('are none of the new build, and are known again on the way back, also when that is cut off or the new build ran with others', async () => {
    for (const ran of [{}, { good: { ...good, configuration: 'cg_1/2' } }]) {
      const { ctx, now, change, upgrading } = world();
      await upgrading.keep(ctx);
      await upgrading.keep(ctx);
      for (const isRepeat of [false, true]) await upgrading.run(ctx, { from: build }, isRepeat);
      expect(now().good).toBeNull();
      change(ran);
      for (let call = 0; call < 2; call++) await upgrading.revert(ctx, { other: build });
      expect([now().good, now().filesHold]).toEqual([good, null]);
    }
  });
  it('stay those of the new build where there is nothing to go back to', async () => {
    const { ctx, now, change, upgrading } = world();
    await upgrading.keep(ctx);
    await upgrading.run(ctx, { from: build }, false);
    change({ good: { ...good, configuration: 'cg_1/2' } });
    await upgrading.drop(ctx);
    await upgrading.revert(ctx, { other: build });
    expect([now().good?.configuration, now().keptGood]).toEqual(['cg_1/2', null]);
  });
});

describe('room for a copy', () => {
  it('is needed where copies take room', () => {
    expect(roomFindings({ dataBytes: 2 ** 30, freeBytes: 2 ** 20, reflink: false })).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('1024 MB') }]);
    expect(roomFindings({ dataBytes: 2 ** 30, freeBytes: 2 ** 27, reflink: true })).toEqual([]);
    expect(roomFindings({ dataBytes: 2 ** 20, freeBytes: 2 ** 30, reflink: false })).toEqual([]);
  });
  it('is some for the upgrade itself, wherever the data are: what would be refused once the engine has stopped is a finding', () => {
    expect(roomFindings({ dataBytes: 2 ** 30, freeBytes: 2 ** 30 + 1, reflink: false })).toMatchObject([{ severity: 'ERROR' }]);
    expect(roomFindings({ dataBytes: 2 ** 30, freeBytes: 2 ** 20, reflink: true })).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('enlarge the volume') }]);
  });
  it('is looked at before the plugin is asked, which works there too', async () => {
    const parts = { boot: {}, state: {}, guest: { upgrade: { check: async () => { throw new Error('initdb: no space left'); } } }, look: async () => ({ dataBytes: 1, freeBytes: 2 ** 20, reflink: true }) };
    const { findings } = await createUpgrading(parts as unknown as Parameters<typeof createUpgrading>[0]).check(contextOf('op_1'), { to: { track: '18', version: '18.1', prefix: '/x', bin: '/x/bin' } });
    expect(findings).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('enlarge the volume') as string }]);
  });
});
