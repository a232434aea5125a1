import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { PortableEngineStore } from '../../../strategies/sources/index.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../strategies/sources/transfer/tar.ts';
import type { EngineBuild, EngineSourceSpec } from '../../../strategies/spi/engine-source.ts';
import { archiveSource, fetchFiles, smallJar, wheel } from './support/artefact-cases.ts';
import { startRepositoryServer } from './support/repository-server.ts';
import { createScratch, sharedRoot } from './support/scratch.ts';

const run = promisify(execFile);
const port = 21_707;
const away = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const nowhere = { maven: 'http://127.0.0.1:9', python: 'http://127.0.0.1:9' };
const source: EngineSourceSpec = { ...archiveSource, artefacts: [wheel, smallJar] };
const jarFile = `${smallJar.sha256.slice(0, 12)}-semver4j-3.1.0.jar`;
const sha256Of = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const signal = AbortSignal.timeout(300_000);

/** A file as a forger writes it. */
const forge = (members: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([...members.flatMap(([name, content]) => [tarHeader(name, content.length), content, tarPadding(content.length)]), tarEnd]);

describe('an engine in a file', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let origin: PortableEngineStore;
  let build: EngineBuild;
  let path: string;
  let content: Buffer;
  let count = 0;
  const at = (...names: string[]): string => join(scratch.directory, ...names);
  const otherRoot = (): string => at(`other-${count}`);
  const importFile = (file: string, more: { sources?: readonly EngineSourceSpec[]; sha256?: string } = {}): Promise<EngineBuild> =>
    createEngineStore({ root: otherRoot(), log: silentLog, repositories: nowhere }).importFrom({ path: file, sources: () => more.sources ?? [source], signal, ...(more.sha256 ? { sha256: more.sha256 } : {}) });
  const importContent = async (altered: Buffer): Promise<EngineBuild> => { await writeFile(at('altered'), altered); return importFile(at('altered')); };
  const description = async (): Promise<Record<string, unknown> & { packages: Record<string, string>[] }> => JSON.parse((await run('tar', ['-xOf', path, 'coffer-engine.json'])).stdout);
  const withDescription = async (change: (value: Awaited<ReturnType<typeof description>>) => void): Promise<Buffer> => {
    const value = await description();
    change(value);
    const files = await Promise.all([wheel, smallJar].map(async ({ sha256, ...spec }) => [`sha256/${sha256}`, await readFile(at('origin/packages', `${sha256.slice(0, 12)}-${spec.kind === 'wheel' ? spec.file : 'semver4j-3.1.0.jar'}`))] as const));
    return forge([['coffer-engine.json', Buffer.from(JSON.stringify(value))], ...files]);
  };

  beforeAll(async () => {
    scratch = await createScratch();
    const server = await startRepositoryServer(port, await fetchFiles());
    origin = createEngineStore({ root: at('origin'), log: silentLog, repositories: { maven: `${server.url}/maven2`, python: `${server.url}/simple` } });
    path = at('engine.coffer');
    // Nothing is installed yet: the export does that first.
    const written = await origin.exportTo({ datastore: 'engine', track: '1.13', sources: [source], path, signal });
    await server.stop();
    [build, content] = [(await origin.get(written.buildId)) as EngineBuild, await readFile(path)];
    expect(written).toMatchObject({ sizeBytes: content.length, sha256: sha256Of(content) });
  });
  afterAll(() => scratch.remove());
  beforeEach(() => { count += 1; });

  it('becomes the same build at a host without network, once', async () => {
    const imported = await importFile(path, { sha256: sha256Of(content) });
    expect(imported).toMatchObject({ id: build.id, closureHash: build.closureHash, prefix: join(otherRoot(), 'builds', build.id) });
    expect((await run(join(imported.binDir, 'ninja'), ['--version'])).stdout).toMatch(/^1\.13\.0/);
    expect(await importFile(path)).toEqual(imported);
    expect(await readdir(join(otherRoot(), 'downloads'))).toEqual([]);
  });

  it('is the same file each time', async () => {
    await origin.exportTo({ datastore: 'engine', track: '1.13', sources: [source], path: at('again'), signal });
    expect(await readFile(at('again'))).toEqual(content);
  });

  describe('is refused and leaves nothing', () => {
    const expectRefusal = async (asked: Promise<EngineBuild>, words: RegExp): Promise<void> => {
      await expect(asked).rejects.toThrow(words);
      expect(await createEngineStore({ root: otherRoot(), log: silentLog }).list()).toEqual([]);
      expect((await readdir(join(otherRoot(), 'downloads')).catch(() => []))).toEqual([]);
    };

    it('when a bit of it was changed', async () => {
      const altered = Buffer.from(content);
      const last = altered.length - 4_000;
      altered[last] = (altered[last] ?? 0) ^ 1;
      await expectRefusal(importContent(altered), /semver4j-3\.1\.0\.jar in the file does not have its SHA-256. Bring the file again/);
      expect(await readdir(join(otherRoot(), 'packages'))).not.toContain(jarFile);
    });

    it('when it is not the file that was told of', () => expectRefusal(importFile(path, { sha256: '0'.repeat(64) }), /was damaged or changed on its way/));
    it('when it was cut off', () => expectRefusal(importContent(content.subarray(0, -100_000)), /is cut off, or not a file/));
    it('when it is something else', () => expectRefusal(importContent(Buffer.from('hello')), /is cut off, or not a file/));
    it('when it is not there', () => expectRefusal(importFile(at('none')), /cannot be read \(ENOENT/));

    it.each([
      ['climbs out of the store', (d: { packages: Record<string, string>[] }) => { d.packages[0]!['file'] = '../../victim'; }, /not a file that `engine export` wrote/],
      ['names another program for an artefact the plugin pins', (d: { packages: Record<string, string>[] }) => { d.packages[0]!['sha256'] = 'a'.repeat(64); }, /the file lacks ninja 1\.13\.0/],
      ['has more in it than it was made of', (d: { packages: Record<string, string>[] }) => { d.packages.push({ name: 'x', version: '1', sha256: 'b'.repeat(64), file: 'x.deb' }); }, /contradicts itself/],
      ['has another recipe', (d: object) => { (d as { recipe: string }).recipe = 'c'.repeat(64); }, /of something else; export it with the release that runs here/],
      ['is of a later format', (d: object) => { (d as { format: number }).format = 2; }, /written by a newer release/],
      ['is of a track whose name climbs', (d: object) => { (d as { track: string }).track = '../x'; }, /cannot name a datastore or track/],
    ])('when its description %s', async (_, change, words) => { await expectRefusal(importContent(await withDescription(change)), words); });

    it('when a link stands where a file should', async () => {
      await mkdir(at('linked/sha256'), { recursive: true });
      await writeFile(at('linked/coffer-engine.json'), JSON.stringify(await description()));
      for (const { sha256 } of [wheel, smallJar]) await symlink('/etc/passwd', at('linked/sha256', sha256)).catch(() => {});
      await run('tar', ['-c', '-f', at('linked.tar'), '--format=ustar', '-C', at('linked'), 'coffer-engine.json', `sha256/${wheel.sha256}`, `sha256/${smallJar.sha256}`]);
      await expectRefusal(importFile(at('linked.tar')), /the file lacks .*ninja/);
    });

    it('where no plugin knows the engine, or names another source for it', async () => {
      await expectRefusal(importFile(path, { sources: [] }), /no plugin of this host knows engine 1\.13/);
      await expectRefusal(importFile(path, { sources: [{ ...source, binDir: 'bin' } as EngineSourceSpec] }), /of something else/);
    });

    it('when a file of that name is kept already and is another, also behind a link', async () => {
      await mkdir(join(otherRoot(), 'packages'), { recursive: true });
      await writeFile(at('victim'), 'mine');
      await symlink(at('victim'), join(otherRoot(), 'packages', jarFile));
      await expectRefusal(importFile(path), /is another file of that name/);
      expect(await readFile(at('victim'), 'utf8')).toBe('mine');
    });
  });

  it('is not written from a damaged store, over another file, or of programs that are only here', async () => {
    const ask = (file: string, sources: readonly EngineSourceSpec[] = [source], datastore = 'engine'): Promise<unknown> => origin.exportTo({ datastore, track: '1.13', sources, path: file, signal });
    await expect(ask(path)).rejects.toThrow(/exists already/);
    expect((await stat(path)).size).toBe(content.length);
    const host: EngineSourceSpec = { kind: 'host', binaries: ['ninja'], searchPaths: [build.binDir], versionCommand: archiveSource.versionCommand };
    await expect(ask(at('host'), [host], 'host-engine')).rejects.toThrow(/this host's own programs, which a file cannot carry/);
    const kept = at('origin/packages', jarFile);
    const whole = await readFile(kept);
    await writeFile(kept, Buffer.alloc(whole.length));
    await expect(ask(at('damaged'))).rejects.toThrow(/kept package \S+semver4j-3\.1\.0\.jar is damaged.* Remove it, install the engine again/);
    await rm(kept);
    await expect(ask(at('lost'))).rejects.toThrow(/no longer kept/);
    await writeFile(kept, whole);
    expect((await readdir(scratch.directory)).filter((name) => /^(host|damaged|lost)/.test(name))).toEqual([]);
  });
});

describe('the host program', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  beforeAll(async () => { scratch = await createScratch(); });
  afterAll(() => scratch.remove());
  const host = (args: readonly string[], env: Record<string, string>): Promise<{ stdout: string; stderr: string }> =>
    run(process.execPath, [join(import.meta.dirname, '../../../host/main.ts'), 'engine', ...args], { cwd: scratch.directory, env: { PATH: '/usr/bin:/bin', HOME: scratch.directory, ...env }, timeout: 120_000 });

  it('carries an engine of Debian packages to a home without network', async () => {
    const from = await host(['export', 'redis', '8', 'redis-8.coffer'], { COFFER_HOME: join(scratch.directory, 'a'), COFFER_ENGINES_FOLDER: sharedRoot });
    const [, sha256] = /^redis-8\S+ is in \S+\/redis-8\.coffer\.[^]*--sha256 ([0-9a-f]{64})/m.exec(from.stdout) ?? [];
    const home = join(scratch.directory, 'b');
    const to = await host(['import', 'redis-8.coffer', '--sha256', sha256 ?? ''], { COFFER_HOME: home, ...away });
    // The shared store may have a build of an earlier release, whose id is another.
    const [, id] = /^redis 8\.\S+ is installed \((redis-8\S+)\)/m.exec(to.stdout) ?? [];
    const server = join(home, 'engines/builds', id ?? '', 'usr/bin/redis-server');
    expect((await run(server, ['--version'], { env: {} })).stdout).toMatch(/v=8\./);
  });

  it('says what is wrong in one line, or how it is used', async () => {
    const env = { COFFER_HOME: join(scratch.directory, 'c') };
    await expect(host(['export', 'nothing', '1', 'x'], env)).rejects.toMatchObject({ stderr: expect.stringMatching(/^coffer: no plugin of this host knows nothing 1/) });
    await expect(host(['import', 'absent'], env)).rejects.toMatchObject({ stderr: expect.stringMatching(/^coffer: \S+\/absent cannot be read/) });
    await expect(host(['import'], env)).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining('coffer engine import FILE') });
  });
});
