import { execFile, spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { unprivilegedIdentity } from '../../../kit/harness/unprivileged.ts';
import { engineCases } from './support/engine-cases.ts';
import { createScratch, sharedRoot } from './support/scratch.ts';

const run = promisify(execFile);
const identity = unprivilegedIdentity();
const options = { cwd: '/', env: { PATH: '/usr/bin:/bin' }, timeout: 60_000, ...identity };

/** Runs the engine as an ordinary user and answers what a stock client reads from it. */
async function tryPostgresql(build: EngineBuild, directory: string): Promise<string> {
  const data = join(directory, 'data');
  const bin = (name: string): string => join(build.binDir, name);
  await run(bin('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C.UTF-8', '-E', 'UTF8', '--no-sync'], options);
  const settings = `-c listen_addresses= -c unix_socket_directories=${directory}`;
  await run(bin('pg_ctl'), ['-w', '-D', data, '-o', settings, '-l', join(directory, 'log'), 'start'], options);
  try {
    const sql = `create extension hstore; select hstore('a', '1') -> 'a', 'a' < 'B' collate "und-x-icu", current_setting('server_version')`;
    return (await run(bin('psql'), ['-h', directory, '-U', 'postgres', '-Atqc', sql], options)).stdout;
  } finally { await run(bin('pg_ctl'), ['-w', '-D', data, '-m', 'immediate', 'stop'], options); }
}

async function tryRedis(build: EngineBuild, directory: string): Promise<string> {
  const socket = join(directory, 'redis.sock');
  const server = spawn(join(build.binDir, 'redis-server'), ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', directory], { ...options, stdio: 'ignore' });
  const ask = async (...args: string[]): Promise<string> => (await run(join(build.binDir, 'redis-cli'), ['-s', socket, ...args], options)).stdout;
  try {
    await expect.poll(() => ask('ping').catch(() => ''), { timeout: 10_000 }).toBe('PONG\n');
    return await ask('info', 'server');
  } finally { server.kill('SIGKILL'); }
}

describe.each(engineCases)('$datastore $track from its Debian packages', (engine) => {
  const store = createEngineStore({ root: sharedRoot, log: silentLog });
  let build: EngineBuild;
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  beforeAll(async () => {
    scratch = await createScratch();
    build = await store.ensure({ ...engine, signal: AbortSignal.timeout(600_000) });
  });
  afterAll(() => scratch.remove());

  it('runs as an ordinary user and answers its stock client', async () => {
    const directory = join(scratch.directory, 'run');
    await mkdir(directory, { mode: 0o777 });
    await run('chmod', ['777', directory]);
    const answer = await (engine.datastore === 'redis' ? tryRedis : tryPostgresql)(build, directory);
    expect(answer).toContain(build.version);
    expect(build.version.startsWith(`${engine.track}.`)).toBe(true);
  });

  it('takes every library from its own prefix', async () => {
    const loader = join(build.prefix, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
    const program = join(build.binDir, engine.sources[0]?.versionCommand.binary ?? '');
    const paths = (await run(loader, ['--list', program])).stdout.split('\n').flatMap((line) => /=> (\S+)/.exec(line)?.[1] ?? []);
    expect(paths.length).toBeGreaterThan(2);
    expect(paths.filter((path) => !path.startsWith(`${build.prefix}/`))).toEqual([]);
  });

  it('can be read and run by everybody and written by nobody else, with no set-user-id program and no stray link', async () => {
    const find = async (...test: string[]): Promise<string> => (await run('find', [build.prefix, ...test])).stdout;
    expect(await find('!', '-type', 'l', '-perm', '/6022')).toBe('');
    expect(await find('!', '-type', 'l', '!', '-perm', '-0044')).toBe('');
    expect(await find('-type', 'd', '!', '-perm', '0755')).toBe('');
    expect(await find('-lname', '/lib*', '-o', '-lname', '/usr*')).toBe('');
    expect(await find('!', '-uid', String(process.getuid?.() ?? 0))).toBe('');
    expect(await readdir(join(build.prefix, 'usr/share'))).not.toContain('doc');
  });

  it('is found again without asking anybody', async () => {
    const before = Date.now();
    expect(await store.ensure({ ...engine, signal: AbortSignal.timeout(5_000) })).toEqual(build);
    expect(Date.now() - before).toBeLessThan(1_000);
    expect(await store.find(engine.datastore, engine.track)).toMatchObject({ datastore: engine.datastore, track: engine.track });
    expect(await store.get(build.id)).toEqual(build);
    expect((await store.list()).map((b) => b.id)).toContain(build.id);
  });

  it('is refused where it was copied to, because it would run another one\'s libraries', async () => {
    const copy = join(scratch.directory, 'copied', 'builds');
    await mkdir(join(copy, build.id), { recursive: true });
    await writeFile(join(copy, build.id, '.coffer-build.json'), JSON.stringify({ format: 1, build, recipe: 'x', spec: engine.sources[0], files: [] }));
    expect(await createEngineStore({ root: join(copy, '..'), log: silentLog }).list()).toEqual([]);
  });
});
