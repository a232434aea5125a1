import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { unprivilegedIdentity } from '../../../kit/harness/unprivileged.ts';
import { artefactSource, fetchFiles, smallJar, totalBytes, wheel } from './support/artefact-cases.ts';
import { startRepositoryServer } from './support/repository-server.ts';
import type { RepositoryServer } from './support/repository-server.ts';
import { processesNaming, runEnsure } from './support/run-child.ts';
import { createScratch } from './support/scratch.ts';

const run = promisify(execFile);
const port = 21_700;
const away = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };

describe('Debian packages and artefacts in one prefix', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let server: RepositoryServer;
  let root: string;
  let files: Map<string, Buffer>;
  let build: EngineBuild;
  const job = (artefacts = artefactSource.artefacts ?? [], datastore = 'engine') => ({
    root, datastore, track: '1.13', sources: [{ ...artefactSource, artefacts }], repositories: { maven: `${server.url}/maven2`, python: `${server.url}/simple` },
  });
  const keptNames = async (): Promise<string[]> => (await readdir(join(root, 'packages'))).filter((name) => !name.endsWith('.deb'));

  beforeAll(async () => {
    scratch = await createScratch();
    files = await fetchFiles();
    server = await startRepositoryServer(port, files);
    root = join(scratch.directory, 'engines');
    const end = await runEnsure(job());
    expect(end.error).toBeUndefined();
    build = end.build as EngineBuild;
  });
  afterAll(async () => { await server.stop(); await scratch.remove(); });

  it('are where the plugin wants them; programs run as an ordinary user on the libraries of the prefix', async () => {
    expect(build).toMatchObject({ version: '1.13.0', source: 'debian' });
    expect(await readFile(join(build.prefix, smallJar.into, 'semver4j-3.1.0.jar'))).toEqual(files.get(`/maven2/${smallJar.path}`));
    const program = join(build.prefix, 'usr/bin/ninja');
    expect((await run(program, ['--version'], { env: {}, cwd: '/', ...unprivilegedIdentity() })).stdout).toMatch(/^1\.13\.0/);
    const libraries = (await run(join(build.prefix, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'), ['--list', program])).stdout;
    const paths = libraries.split('\n').flatMap((line) => /=> (\S+)/.exec(line)?.[1] ?? []);
    expect(paths.some((path) => path.includes('libstdc++'))).toBe(true);
    expect(paths.filter((path) => !path.startsWith(`${build.prefix}/`))).toEqual([]);
    expect((await run('find', [build.prefix, '!', '-type', 'l', '-perm', '/6022', '-o', '-name', '.probe*'])).stdout).toBe('');
  });

  it('are among the packages of the build, kept beside them, and nothing half fetched is left', async () => {
    expect(build.packages).toEqual(expect.arrayContaining([
      { name: 'com.vdurmont:semver4j', version: '3.1.0', sha256: smallJar.sha256 }, { name: 'ninja', version: '1.13.0', sha256: wheel.sha256 },
    ]));
    expect(build.packages.map((p) => p.name)).toContain('libstdc++6');
    expect(await keptNames()).toHaveLength(3);
    expect(await readdir(join(root, 'downloads'))).toEqual([]);
  });

  it('are laid out again without a network from what is kept, as the same build', async () => {
    await rm(build.prefix, { recursive: true });
    server.requests = [];
    const end = await runEnsure({ ...job(), restore: build.id }, { env: away });
    expect(end.error).toBeUndefined();
    expect(end.build).toMatchObject({ id: build.id, closureHash: build.closureHash });
    expect(server.requests).toEqual([]);
    expect((await run(join(build.prefix, 'usr/bin/ninja'), ['--version'])).stdout).toMatch(/^1\.13/);
  });

  it('are fetched on from where a kill ended it, by one of several that want the same', async () => {
    await rm(build.prefix, { recursive: true });
    for (const name of await keptNames()) await rm(join(root, 'packages', name));
    server.behaviour = { bytesPerSecond: 400_000 };
    server.sent.clear();
    const killed = await runEnsure(job(), { killAt: (line) => /downloading .*(jar|whl)/.test(line.message ?? '') && (line.fraction ?? 0) > 0.5 });
    expect(killed.wasKilled).toBe(true);
    expect(killed.lines.some((line) => /^downloading \S+\.(jar|whl) \(\d of 1 MB\)$/.test(line.message ?? ''))).toBe(true);
    await expect.poll(() => processesNaming(root), { timeout: 3_000 }).toEqual([]);
    server.behaviour = {};
    server.requests = [];
    const ends = await Promise.all([1, 2].map(() => runEnsure(job())));
    expect(ends.map((end) => end.error)).toEqual([undefined, undefined]);
    expect(new Set(ends.map((end) => end.build?.installedAt)).size).toBe(1);
    expect(server.requests.some((request) => request.range !== undefined)).toBe(true);
    // What was in flight when the process was killed may be asked for again, and no more.
    expect([...server.sent.values()].reduce((a, b) => a + b, 0)).toBeLessThan(totalBytes + 400_000);
  });

  it('are carried to a host without a network in a file, where they become the same build', async () => {
    const path = join(scratch.directory, 'engine.coffer');
    const { sources, repositories } = job();
    await createEngineStore({ root, log: silentLog, repositories }).exportTo({ datastore: 'engine', track: '1.13', sources, path, signal: AbortSignal.timeout(120_000) });
    const other = join(scratch.directory, 'other');
    const nowhere = { maven: 'http://127.0.0.1:9/maven2', python: 'http://127.0.0.1:9/simple' };
    const end = await runEnsure({ ...job(), root: other, importFrom: path, repositories: nowhere }, { env: away });
    expect(end.error).toBeUndefined();
    expect(end.build).toMatchObject({ id: build.id, closureHash: build.closureHash, prefix: join(other, 'builds', build.id) });
    const program = join(end.build?.prefix ?? '', 'usr/bin/ninja');
    expect((await run(program, ['--version'], { env: {}, cwd: '/', ...unprivilegedIdentity() })).stdout).toMatch(/^1\.13\.0/);
    expect((await readFile(program)).includes(`${root}/builds`)).toBe(false);
    // An instance can be made of it, and it can be made again: nothing of the file is needed any more.
    await rm(path);
    await rm(end.build?.prefix ?? '', { recursive: true });
    expect((await runEnsure({ ...job(), root: other, restore: build.id }, { env: away })).build?.id).toBe(build.id);
  });

  it('never take the place of a file of a package', async () => {
    const greedy = { ...wheel, programs: { 'ninja-1.13.0.data/scripts/ninja': 'usr/lib/x86_64-linux-gnu/libc.so.6' } };
    const { error } = await runEnsure(job([greedy], 'greedy'));
    expect(error).toMatchObject({ reason: 'bad-spec', message: expect.stringMatching(/libc\.so\.6 is in the prefix already/) });
  });
});
