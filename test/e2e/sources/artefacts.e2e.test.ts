import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { ArtefactSpec, EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { unprivilegedIdentity } from '../../support/unprivileged.ts';
import { artefactSource, fetchFiles, largeJar, smallJar, wheel } from './support/artefact-cases.ts';
import { startRepositoryServer } from './support/repository-server.ts';
import type { RepositoryServer } from './support/repository-server.ts';
import { processesNaming, runEnsure } from './support/run-child.ts';
import { createScratch } from './support/scratch.ts';

const run = promisify(execFile);
const [port, otherPort, silentPort] = [21_700, 21_701, 21_702];
const away = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const totalBytes = wheel.sizeBytes + smallJar.sizeBytes + largeJar.sizeBytes;

describe('a source with artefacts', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let server: RepositoryServer;
  let root: string;
  let files: Map<string, Buffer>;
  let build: EngineBuild;
  let count = 0;

  /** An engine of its own in each test, so that nothing is installed yet; packages that are kept are shared. */
  const ensure = (artefacts: readonly ArtefactSpec[] = artefactSource.artefacts ?? [], repository = server.url): Promise<EngineBuild> =>
    createEngineStore({ root, log: silentLog, repositories: { maven: `${repository}/maven2/`, python: `${repository}/simple` } })
      .ensure({ datastore: `engine-${++count}`, track: '1.13', sources: [{ ...artefactSource, artefacts }], signal: AbortSignal.timeout(120_000) });
  const job = () => ({
    root, datastore: 'engine', track: '1.13', sources: [artefactSource], repositories: { maven: `${server.url}/maven2`, python: `${server.url}/simple` },
  });
  const forget = async (...names: string[]): Promise<void> => {
    for (const file of await readdir(join(root, 'packages'))) {
      if (names.some((name) => file.endsWith(name))) await rm(join(root, 'packages', file));
    }
  };
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
  beforeEach(() => { server.behaviour = {}; server.requests = []; server.sent.clear(); });

  describe('is laid out', () => {
    it('where its plugin wants it, with programs that run as an ordinary user on the libraries of the prefix', async () => {
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

    it('with each artefact among its packages, kept beside them, and nothing half fetched left', async () => {
      expect(build.packages).toEqual(expect.arrayContaining([
        { name: 'com.vdurmont:semver4j', version: '3.1.0', sha256: smallJar.sha256 }, { name: 'ninja', version: '1.13.0', sha256: wheel.sha256 },
      ]));
      expect(await keptNames()).toHaveLength(3);
      expect(await readdir(join(root, 'downloads'))).toEqual([]);
    });

    it('again without a network from what is kept, with the same id', async () => {
      await rm(build.prefix, { recursive: true });
      server.behaviour = { status: 500 };
      const end = await runEnsure({ ...job(), restore: build.id }, { env: away });
      expect(end.error).toBeUndefined();
      expect(end.build).toMatchObject({ id: build.id, closureHash: build.closureHash });
      expect(server.requests).toEqual([]);
      expect((await run(join(build.prefix, 'usr/bin/ninja'), ['--version'])).stdout).toMatch(/^1\.13/);
    });
  });

  describe('is fetched', () => {
    beforeEach(() => forget('.jar', '.whl'));

    it('by an index in HTML as well as in JSON', async () => {
      server.behaviour = { indexIsHtml: true };
      await ensure();
      expect(await keptNames()).toHaveLength(3);
    });

    it('on and on over a line that breaks, without asking twice for what arrived', async () => {
      server.behaviour = { breaksAfter: 300_000 };
      await ensure([largeJar, wheel]);
      const starts = server.requests.filter((r) => r.path.endsWith('.jar')).map((r) => Number(/\d+/.exec(r.range ?? '0')?.[0]));
      expect(starts.length).toBeGreaterThan(3);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      // What was in flight when the line broke may be sent again, and no more.
      expect(server.sent.get(`/maven2/${largeJar.path}`)).toBeLessThan(largeJar.sizeBytes + starts.length * 100_000);
    });

    it('after a kill in the middle from where it was, also while others wait for the same', async () => {
      await rm(build.prefix, { recursive: true });
      server.behaviour = { bytesPerSecond: 400_000 };
      const killed = await runEnsure(job(), { killAt: (line) => (line.fraction ?? 0) > 0.6 && /downloading .*lz4|ninja/.test(line.message ?? '') });
      expect(killed.wasKilled).toBe(true);
      await expect.poll(() => processesNaming(root), { timeout: 3_000 }).toEqual([]);
      server.behaviour = {};
      const ends = await Promise.all([1, 2, 3].map(() => runEnsure(job())));
      expect(ends.map((end) => end.error)).toEqual([undefined, undefined, undefined]);
      expect(new Set(ends.map((end) => end.build?.installedAt)).size).toBe(1);
      expect(server.requests.some((r) => r.range !== undefined)).toBe(true);
      const sent = [...server.sent.values()].reduce((a, b) => a + b, 0);
      // What was in flight when the process was killed may be asked for again, and no more.
      expect(sent).toBeLessThan(totalBytes + 400_000);
    });

    it('from its start where the server knows no ranges', async () => {
      const arrived = join(root, 'downloads', `engine-${count + 1}-1.13`, `${largeJar.sha256.slice(0, 12)}-lz4-java-1.10.1.jar`);
      await run('mkdir', ['-p', join(arrived, '..')]);
      await run('sh', ['-c', `head -c 500000 /dev/urandom > ${arrived}`]);
      server.behaviour = { knowsNoRanges: true };
      await ensure([largeJar, wheel]);
      expect(server.requests.find((r) => r.path.endsWith('.jar'))?.range).toBe('bytes=500000-');
    });

    it('anew when the part of an earlier attempt was damaged', async () => {
      const arrived = join(root, 'downloads', `engine-${count + 1}-1.13`, `${largeJar.sha256.slice(0, 12)}-lz4-java-1.10.1.jar`);
      await run('mkdir', ['-p', join(arrived, '..')]);
      await run('sh', ['-c', `head -c 500000 /dev/urandom > ${arrived}`]);
      await ensure([largeJar, wheel]);
      expect(server.requests.filter((r) => r.path.endsWith('.jar')).map((r) => r.range)).toEqual(['bytes=500000-', undefined]);
    });

    it('with the login of the address, which a redirect to another server does not get', async () => {
      const other = await startRepositoryServer(otherPort, files);
      try {
        server.behaviour = { redirectsTo: other.url };
        await ensure([smallJar, wheel], `http://reader:s3cr%40t@127.0.0.1:${port}`);
        expect(new Set(server.requests.map((r) => r.authorization))).toEqual(new Set([`Basic ${Buffer.from('reader:s3cr@t').toString('base64')}`]));
        expect(other.requests.length).toBeGreaterThan(1);
        expect(new Set(other.requests.map((r) => r.authorization))).toEqual(new Set([undefined]));
      } finally { await other.stop(); }
    });
  });

  describe('is refused with the file, the place and the way out', () => {
    beforeEach(() => forget('.jar', '.whl'));
    const expectRefusal = async (asked: Promise<EngineBuild>, reason: string, words: RegExp, setting = 'COFFER_MAVEN_REPOSITORY'): Promise<void> => {
      const error = await asked.then(() => undefined, (caught: unknown) => caught as Error & { reason: string });
      expect(error?.message).toMatch(words);
      expect(error?.reason).toBe(reason);
      expect(error?.message).toContain(setting);
      expect(error?.message).toContain(`COFFER_ENGINE_PATHS="engine-${count}/1.13=/path/to/bin"`);
      expect((await createEngineStore({ root, log: silentLog }).list()).filter((b) => b.datastore === `engine-${count}`)).toEqual([]);
      expect((await readdir(join(root, 'builds'))).filter((name) => name.startsWith('.'))).toEqual([]);
    };

    it('when it is not what the plugin named', async () => {
      server.behaviour = { damages: true };
      await expectRefusal(ensure([smallJar, wheel]), 'corrupt-package', /(semver4j-3\.1\.0\.jar|ninja-\S+\.whl) could not be fetched from http:\/\/127\.0\.0\.1:21700\/\S+ \(COFFER_\w+\): it did not arrive with the SHA-256/, 'COFFER_');
      expect(await keptNames()).toEqual([]);
    });

    it('when it is larger or shorter than the plugin says', async () => {
      await expectRefusal(ensure([{ ...smallJar, sizeBytes: smallJar.sizeBytes - 1 }, wheel]), 'corrupt-package', /larger than the 27356 bytes/);
      server.behaviour = { endsAfter: 20_000 };
      await expectRefusal(ensure([smallJar]), 'corrupt-package', /only 20000 of 27357 bytes arrived|file ends before 20000 of its 27357 bytes/);
    });

    it('when the repository has no such file, at the first answer', async () => {
      const missing = { ...smallJar, path: 'com/vdurmont/semver4j/9.9.9/semver4j-9.9.9.jar' };
      await expectRefusal(ensure([missing]), 'no-such-package', /semver4j-9\.9\.9\.jar could not be fetched .*does not have it \(404\).*Try again, or name a mirror in COFFER_MAVEN_REPOSITORY/);
      expect(server.requests).toHaveLength(1);
    });

    it('when the index does not list the wheel', async () => {
      await expectRefusal(ensure([{ ...wheel, file: 'ninja-9.9-py3-none-any.whl' }]), 'no-such-package', /ninja-9\.9-py3-none-any\.whl could not be found in the package index .*does not list/, 'COFFER_PYTHON_INDEX');
    });

    it('when nobody answers, without the login of the address in its words', async () => {
      const asked = ensure([smallJar], `http://reader:s3cr3t@127.0.0.1:${silentPort}`);
      await expectRefusal(asked, 'no-network', /could not be fetched from http:\/\/127\.0\.0\.1:21702\/maven2\/com\S+ \(COFFER_MAVEN_REPOSITORY\).*ECONNREFUSED.*https_proxy/);
      await expect(asked).rejects.not.toThrow(/s3cr3t/);
    });

    it('when it would take the place of a file of a package, or leave the prefix', async () => {
      await expectRefusal(ensure([{ ...wheel, programs: { 'ninja-1.13.0.data/scripts/ninja': 'usr/lib/x86_64-linux-gnu/libc.so.6' } }]), 'bad-spec', /libc\.so\.6 is in the prefix already/, '');
      await expectRefusal(ensure([{ ...smallJar, into: '../../x' }]), 'bad-spec', /not a path below the prefix/, '');
    });
  });
});
