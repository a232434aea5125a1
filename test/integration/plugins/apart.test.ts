/** What a third party's plugin does to itself stays with it: its thread, its deadline, its memory. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createControlHost, type ControlHost } from '../../../gateway/plugins/control-host.ts';
import { type ApartOptions, controlTimeoutMs, loadApart, loadPluginsApart } from '../../../strategies/apart.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/broken-controls', `${name}.ts`);
const judge = (host: ControlHost, name: string) => host.call('unruly', 'validate', { kind: 'user', track: '1', user: { name, grants: [] } });

/** A plugin of the fixtures and what it is asked, as the gateway would without its own deadline. */
async function load(name: string, options: ApartOptions = {}): Promise<{ ask(user: string): Promise<unknown>; faults: string[] }> {
  const faults: string[] = [];
  const loaded = await loadApart(fixture(name), { ...options, onFault: (_origin, why) => void faults.push(why) });
  if (loaded.state !== 'READY') throw new Error(loaded.problem);
  return { faults, ask: (user) => loaded.plugin.control.validate({ kind: 'user', track: '1', user: { name: user, grants: [] } }) };
}

describe('a plugin that misbehaves while it is loaded', () => {
  it.each([
    ['throws', 'throwing', 'It could not be loaded: not today'],
    ['ends its process', 'leaving', 'It could not be loaded: it ended its thread'],
    ['is not there', 'missing', /It could not be loaded: Cannot find module/],
  ])('%s is disabled with its reason', async (_what, name, problem) => {
    expect(await loadApart(fixture(name))).toMatchObject({ state: 'DISABLED', origin: fixture(name), problem: typeof problem === 'string' ? problem : expect.stringMatching(problem) as string });
  });
  it.each([['never ends waiting', 'waiting'], ['loops for ever', 'endless']])('%s is disabled with its reason', async (_what, name) => {
    expect(await loadApart(fixture(name), { loadTimeoutMs: 1_000 })).toMatchObject({ state: 'DISABLED', problem: 'It could not be loaded: it did not load within 1 s' });
  });
  it('leaves the others alone, which are ready', async () => {
    const loaded = await loadPluginsApart([fixture('leaving'), fixture('index')]);
    expect(loaded.filter(({ origin }) => origin !== 'built-in').map(({ state }) => state)).toEqual(['DISABLED', 'READY']);
    expect(loaded.filter(({ origin }) => origin === 'built-in').every(({ state }) => state === 'READY')).toBe(true);
  });
});

describe('a control half that misbehaves', () => {
  let host: ControlHost;
  const faults: string[] = [];
  const ticks = { longestMs: 0, last: performance.now() };
  const timer = setInterval(() => {
    const now = performance.now();
    ticks.longestMs = Math.max(ticks.longestMs, now - ticks.last);
    ticks.last = now;
  }, 10);
  beforeAll(async () => {
    const loaded = await loadApart(fixture('index'), { onFault: (_origin, why) => void faults.push(why) });
    expect(loaded.state).toBe('READY');
    host = createControlHost(() => (loaded.state === 'READY' ? loaded.plugin.control : undefined));
    return () => clearInterval(timer);
  });
  /** A thread that was ended is back soon, however busy the machine is. */
  afterEach(() => expect.poll(() => judge(host, 'ada').catch((error: Error) => error.message), { timeout: 15_000 }).toEqual([]));

  it.each([
    ['never answers', 'never', /did not answer validate within 2000 ms/],
    ['eats memory', 'eat', /memory limit|did not answer/], ['ends its process', 'exit', /ended its thread|did not answer/], ['throws', 'throw', /failed: just so/],
    ['answers something else', 'garbage', /validate must answer a list of/], ['answers what cannot be sent', 'function', /the answer cannot be used/],
  ])('%s fails with a typed error, in time, and answers the next question', async (_what, name, message) => {
    const since = performance.now();
    await expect(judge(host, name)).rejects.toMatchObject({ name: 'CofferError', code: 'PLUGIN.FAILED', message: expect.stringMatching(message) as string });
    expect(performance.now() - since).toBeLessThan(2 * (controlTimeoutMs + 1_000));
  });
  it('loops while this thread goes on with its work', async () => {
    ticks.longestMs = 0;
    await expect(judge(host, 'loop')).rejects.toMatchObject({ name: 'CofferError', code: 'PLUGIN.FAILED', message: expect.stringMatching(/did not answer validate within 2000 ms/) as string });
    expect(ticks.longestMs).toBeLessThan(500);
    await expect.poll(() => faults.at(-1), { timeout: 5_000 }).toBe('did not answer validate within 2000 ms');
  });
  it('does not take down who asked beside it', async () => {
    // Two fresh threads in one answer's time are much for a busy machine; what is looked at is who gets an answer.
    const { ask } = await load('index', { callTimeoutMs: 20_000 });
    const guilty = ask('exit').catch(({ message }: Error) => message);
    const innocent = ask('grace');
    expect(await guilty).toMatch(/ended its thread/);
    expect(await innocent).toEqual([]);
  });
  it('prints without end and is answered: its thread keeps what nobody reads', async () => {
    expect(await judge(host, 'print')).toEqual([]);
  });
  it('does not keep a process from ending', async () => {
    const script = `const { loadApart } = await import(${JSON.stringify(import.meta.resolve('../../../strategies/apart.ts'))}); console.log((await loadApart(${JSON.stringify(fixture('index'))})).state);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
    expect(stdout.trim()).toBe('READY');
  });
  it('sees nothing of this process\'s environment', async () => {
    expect(await judge(host, 'environment')).toEqual([{ path: ['name'], message: 'nothing' }]);
  });
});

describe('a thread that was ended', () => {
  const message = ({ message: text }: Error): string => text;

  it('is asked again when it has loaded, however long that takes', async () => {
    const { ask } = await load('slow', { callTimeoutMs: 500 });
    await expect(ask('loop')).rejects.toThrow(/did not answer validate within 500 ms/);
    expect(await Promise.all([ask('ada'), ask('grace')])).toEqual([[], []]);
  });
  it('leaves whoever was asked beside one that loops their full time, after the others', async () => {
    const { ask, faults } = await load('index', { callTimeoutMs: 500 });
    const late = expect.stringMatching(/did not answer validate within 500 ms/) as string;
    expect(await Promise.all([ask('loop').catch(message), ask('ada'), ask('loop').catch(message), ask('grace')])).toEqual([late, [], late, []]);
    expect(faults).toHaveLength(2);
  });
  it('fails who waits for it when it does not load any more, with the reason', async () => {
    // A thread does not see our TMPDIR.
    const marker = `/tmp/coffer-test-once-${process.pid}`;
    rmSync(marker, { force: true });
    const { ask } = await load('once');
    await expect(ask('exit')).rejects.toThrow(/does not load any more: It could not be loaded: EEXIST/);
    await expect(ask('ada')).rejects.toThrow(/does not load any more/);
    rmSync(marker);
    expect(await ask('ada')).toEqual([]);
    rmSync(marker);
  });
});

describe('buffers of a control half', () => {
  it.each([['in one answer', ['hoard']], ['over many', Array<string>(10).fill('keep')]])('that it keeps %s end its thread', async (_what, questions) => {
    const { ask, faults } = await load('index');
    for (const question of questions) await ask(question).catch(() => {});
    await expect.poll(() => faults[0], { timeout: 5_000 }).toBe('keeps more than 128 MiB in buffers');
    expect(await ask('ada')).toEqual([]);
  });
  it('that it has done with are none of its thread\'s faults', async () => {
    const { ask, faults } = await load('index');
    expect(await ask('drop')).toEqual([]);
    await new Promise((resolve) => { setTimeout(resolve, 600); });
    expect(faults).toEqual([]);
  });
});
