/** The agent's grip on a process, with a shell for an engine. */
import { closeSync, constants, existsSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngineHandle } from '../../../agent/supervisor/engine-handle.ts';
import { createEngineProcess, type EngineProcess } from '../../../agent/supervisor/engine-process.ts';
import { isAlive, startTimeOf } from '../../../agent/supervisor/proc.ts';
import type { AgentBoot } from '../../../kernel/guest-record.ts';
import type { EngineHandle } from '../../../strategies/spi/guest.ts';

/** Of this process: while all of them wait, nothing else that takes its time is done. */
const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
/** Ends only when its input, a file, is there: for as long as a test wants it takes its time to stop. */
const slowToStop = { command: '/bin/sh', args: ['-c', 'trap "while ! test -e may-end; do sleep 0.01; done; exit 0" TERM; echo up; while :; do sleep 0.01; done'], logFile: 'engine.log' };

describe('a grip on the engine', () => {
  let root: string;
  let boot: AgentBoot;
  let engine: EngineProcess;
  let handle: EngineHandle;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'coffer-grip-'));
    const at = (name: string): string => join(root, name);
    for (const folder of ['logs', 'volume/data']) await mkdir(at(folder), { recursive: true });
    boot = { instanceId: `inst_${root.slice(-6)}`, engineUid: null, isolation: 'shared', build: { prefix: root, bin: root }, paths: { root, logs: at('logs'), volume: at('volume') } } as unknown as AgentBoot;
    engine = createEngineProcess(boot, Date.now);
    const state = { current: () => ({ engine: engine.record() }), update: async () => undefined } as never;
    handle = createEngineHandle({ boot, engine, state, signal: AbortSignal.timeout(10_000) });
  });
  afterEach(async () => {
    await handle.signal('SIGKILL');
    await handle.exited(AbortSignal.timeout(5_000));
    await rm(root, { recursive: true, force: true });
  });
  const isUp = (): Promise<unknown> => expect.poll(() => handle.logTail(1)).toEqual(['up']);

  it('adopts the one that runs', async () => {
    const { pid } = await handle.start(slowToStop);
    expect(await handle.start(slowToStop)).toEqual({ pid, adopted: true });
  });

  it('does not adopt one that was told to end: it waits for its end and starts another', async () => {
    const { pid } = await handle.start(slowToStop);
    const startTime = startTimeOf(pid)!;
    await isUp();
    await handle.signal('SIGTERM');
    expect(engine.isEnding()).toBe(true);
    const next = handle.start({ ...slowToStop, args: ['-c', 'exec sleep 60'] });
    expect(isAlive(pid, startTime)).toBe(true);
    await handle.run({ command: '/bin/sh', args: ['-c', `: > ${join(root, 'volume/data/may-end')}`], timeoutMs: 5_000 });
    expect(await next).toEqual({ pid: handle.pid(), adopted: false });
    expect([isAlive(pid, startTime), engine.isEnding()]).toEqual([false, false]);
  });

  it('relies again on one that was told to end and goes on', async () => {
    const { pid } = await handle.start(slowToStop);
    await isUp();
    await handle.signal('SIGTERM');
    expect(await handle.start(slowToStop)).toEqual({ pid, adopted: true });
    expect(engine.isEnding()).toBe(false);
  });

  describe('tells what the engine has said', () => {
    const logOf = (name = 'engine.log'): string => join(root, 'logs', name);
    /** A start of one that says this and ends. */
    const says = async (words: string): Promise<void> => {
      await handle.start({ command: '/bin/sh', args: ['-c', `test -z '${words}' || echo '${words}'; sleep 0.05`], logFile: 'engine.log' }).catch(() => undefined);
      await handle.exited(AbortSignal.timeout(5_000));
    };

    it('since it was started, and nothing of earlier starts', async () => {
      await says('the build is broken');
      expect(await handle.logTail(5)).toEqual(['the build is broken']);
      await says('the build is broken');
      expect(await handle.logTail(5)).toEqual(['the build is broken']);
      await says('');
      expect(await handle.logTail(5)).toEqual([]);
      expect(readFileSync(logOf(), 'utf8')).toBe('the build is broken\nthe build is broken\n');
    });
    it('nothing when it could not be started', async () => {
      await says('of an earlier one');
      await expect(handle.start({ command: join(root, 'missing'), args: [], logFile: 'engine.log' })).rejects.toMatchObject({ code: 'FAILED_TO_START' });
      expect(await handle.logTail(5)).toEqual([]);
    });
    it('to an agent that has come later, of one that runs and of one that is gone', async () => {
      await says('of an earlier one');
      await handle.start(slowToStop);
      await isUp();
      const record = engine.record()!;
      const state = { current: () => ({ engine: record }) } as never;
      const [later, latest] = [createEngineProcess(boot, Date.now), createEngineProcess(boot, Date.now)];
      expect(later.adopt(record)).toBe(true);
      for (const process of [later, latest]) expect(await createEngineHandle({ boot, engine: process, state, signal: AbortSignal.timeout(10_000) }).logTail(5)).toEqual(['up']);
      later.release();
    });
    it('all of it since it was emptied, and nothing of what a link leads to', async () => {
      await says('of an earlier one');
      await says('and its end');
      writeFileSync(logOf(), 'anew\n\n');
      expect(await handle.logTail(5)).toEqual(['anew']);
      writeFileSync(logOf('other.log'), 'what is none of the engine');
      rmSync(logOf());
      symlinkSync(logOf('other.log'), logOf());
      expect(await handle.logTail(5)).toEqual([]);
    });
  });

  it('tells of one that was gone before it could be looked at, in its own last words', async () => {
    const gate = join(root, 'gate');
    await handle.run({ command: '/bin/sh', args: ['-c', `mkfifo ${gate}`], timeoutMs: 5_000 });
    const starting = handle.start({ command: '/bin/sh', args: ['-c', 'echo $$ > pid; echo starting; echo "FATAL: no such option"; exit 3'], logFile: 'engine.log' });
    starting.catch(() => {}); // it is awaited below
    // Its log is closed, and it is looked at, only when they are let go.
    const waiting = Array.from({ length: threads }, () => open(gate));
    try {
      await expect.poll(() => existsSync(`/proc/${readFileSync(join(root, 'volume/data/pid'), 'utf8').trim()}/stat`)).toBe(false);
    } finally {
      const writer = openSync(gate, constants.O_RDWR);
      for (const file of await Promise.all(waiting)) await file.close();
      closeSync(writer);
    }
    await expect(starting).rejects.toMatchObject({ code: 'FAILED_TO_START', message: '/bin/sh ended at once; the end of its log: FATAL: no such option' });
    expect([handle.pid(), engine.record()]).toEqual([null, null]);
  });
});
