import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { ArtefactSpec, EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { archiveSource, fetchFiles, largeJar, smallJar, wheel } from './support/artefact-cases.ts';
import { startRepositoryServer } from './support/repository-server.ts';
import type { RepositoryServer } from './support/repository-server.ts';
import { startArchiveProxy } from './support/archive-proxy.ts';
import { runEnsure } from './support/run-child.ts';
import { createScratch } from './support/scratch.ts';

const [port, otherPort, silentPort] = [21_703, 21_704, 21_705];
const largeName = `${largeJar.sha256.slice(0, 12)}-lz4-java-1.10.1.jar`;

let scratch: Awaited<ReturnType<typeof createScratch>>;
let server: RepositoryServer;
let files: Map<string, Buffer>;
let count = 0;
const root = (): string => join(scratch.directory, `engines-${count}`);
/** Bytes in the middle of a download, as an attempt that was killed leaves them. */
async function leavePart(content: Buffer): Promise<void> {
  const directory = join(root(), 'downloads', 'engine-1.13');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, largeName), content);
}
const ensure = (artefacts: readonly ArtefactSpec[], repository = server.url): Promise<EngineBuild> =>
  createEngineStore({ root: root(), log: silentLog, repositories: { maven: `${repository}/maven2/`, python: `${repository}/simple` } })
    .ensure({ datastore: 'engine', track: '1.13', sources: [{ ...archiveSource, artefacts }], signal: AbortSignal.timeout(60_000) });
const keptNames = (): Promise<string[]> => readdir(join(root(), 'packages'));
const rangesOf = (suffix: string): (string | undefined)[] => server.requests.filter((r) => r.path.endsWith(suffix)).map((r) => r.range);

beforeAll(async () => {
  scratch = await createScratch();
  files = await fetchFiles();
  server = await startRepositoryServer(port, files);
});
afterAll(async () => { await server.stop(); await scratch.remove(); });
beforeEach(async () => {
  await rm(root(), { recursive: true, force: true });
  count += 1;
  [server.behaviour, server.requests] = [{}, []];
  server.sent.clear();
});

describe('an artefact is fetched', () => {
  it.each([false, true])('by the page of an index (HTML: %s)', async (indexIsHtml) => {
    server.behaviour = { indexIsHtml };
    const build = await ensure([wheel, smallJar]);
    expect(build).toMatchObject({ source: 'archive', version: '1.13.0', packages: [{ name: 'ninja' }, { name: 'com.vdurmont:semver4j' }] });
    expect(await keptNames()).toHaveLength(2);
  });

  it('on and on over a line that breaks, without asking twice for what arrived', async () => {
    server.behaviour = { breaksAfter: 300_000 };
    await ensure([largeJar, wheel]);
    const starts = rangesOf('.jar').map((range) => Number(/\d+/.exec(range ?? '0')?.[0]));
    expect(starts.length).toBeGreaterThan(3);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    // What was in flight when the line broke may be sent again, and no more.
    expect(server.sent.get(`/maven2/${largeJar.path}`)).toBeLessThan(largeJar.sizeBytes + starts.length * 100_000);
  });

  it('from its start where the server knows no ranges', async () => {
    await leavePart(randomBytes(500_000));
    server.behaviour = { knowsNoRanges: true };
    await ensure([largeJar, wheel]);
    expect(rangesOf('.jar')).toEqual(['bytes=500000-']);
  });

  it('anew when the part of an earlier attempt was damaged', async () => {
    await leavePart(randomBytes(500_000));
    await ensure([largeJar, wheel]);
    expect(rangesOf('.jar')).toEqual(['bytes=500000-', undefined]);
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

  it('through the proxy of the environment', async () => {
    const proxy = await startArchiveProxy();
    const seen: string[] = [];
    proxy.behaviour = { refuses: (path) => { seen.push(path); return false; } };
    try {
      const repositories = { python: `${server.url}/simple` };
      const end = await runEnsure({ root: root(), datastore: 'engine', track: '1.13', sources: [archiveSource], repositories }, { env: { http_proxy: proxy.url } });
      expect(end.error).toBeUndefined();
      expect(seen).toEqual(['/simple/ninja/', `/files/${wheel.file}`]);
    } finally { await proxy.stop(); }
  });

  it('not at all when it is kept already', async () => {
    const { prefix } = await ensure([smallJar, wheel]);
    await rm(prefix, { recursive: true });
    server.requests = [];
    await ensure([smallJar, wheel]);
    expect(server.requests).toEqual([]);
  });
});

describe('an artefact is refused with the file, the place and the way out', () => {
  interface Expected { reason: string; words: RegExp; setting?: string }
  const expectRefusal = async (asked: Promise<EngineBuild>, { reason, words, setting = 'COFFER_MAVEN_REPOSITORY' }: Expected): Promise<string> => {
    const error = await asked.then(() => undefined, (caught: unknown) => caught as Error & { reason: string });
    expect(error?.message).toMatch(words);
    expect(error?.reason).toBe(reason);
    expect(error?.message).toContain(setting);
    expect(error?.message).toContain('COFFER_ENGINE_PATHS="engine/1.13=/path/to/bin"');
    expect(await createEngineStore({ root: root(), log: silentLog }).list()).toEqual([]);
    expect(await readdir(join(root(), 'builds'))).toEqual([]);
    return error?.message ?? '';
  };

  it('when it is not what the plugin named', async () => {
    server.behaviour = { damages: true };
    await expectRefusal(ensure([smallJar]), { reason: 'corrupt-package', words: /semver4j-3\.1\.0\.jar could not be fetched from http:\/\/127\.0\.0\.1:21703\/maven2\/com\/\S+ \(COFFER_MAVEN_REPOSITORY\): it did not arrive with the SHA-256/ });
    expect(await keptNames()).toEqual([]);
  });

  it('when it is larger than the plugin says', async () => {
    await expectRefusal(ensure([{ ...smallJar, sizeBytes: smallJar.sizeBytes - 1 }]), { reason: 'corrupt-package', words: /larger than the 27356 bytes/ });
  });

  it('when it is shorter than the plugin says', async () => {
    server.behaviour = { endsAfter: 20_000 };
    await expectRefusal(ensure([smallJar]), { reason: 'corrupt-package', words: /only 20000 of 27357 bytes arrived|ends before 20000 of its 27357 bytes/ });
  });

  it('when the repository has no such file, at the first answer', async () => {
    const missing = { ...smallJar, path: 'com/vdurmont/semver4j/9.9.9/semver4j-9.9.9.jar' };
    await expectRefusal(ensure([missing]), { reason: 'no-such-package', words: /semver4j-9\.9\.9\.jar could not be fetched .*does not have it \(404\)\. Try again, or name a mirror in COFFER_MAVEN_REPOSITORY/ });
    expect(server.requests).toHaveLength(1);
  });

  it('when the index does not list the wheel', async () => {
    const absent = { ...wheel, file: 'ninja-9.9-py3-none-any.whl' };
    await expectRefusal(ensure([absent]), { reason: 'no-such-package', words: /ninja-9\.9-py3-none-any\.whl could not be found in the package index .*does not list/, setting: 'COFFER_PYTHON_INDEX' });
  });

  it('when the server fails again and again', async () => {
    server.behaviour = { status: 503 };
    await expectRefusal(ensure([smallJar]), { reason: 'no-network', words: /answers with status 503\. Check the network and https_proxy/ });
    expect(server.requests).toHaveLength(4);
  });

  it('when nobody answers, without the login of the address in its words', async () => {
    const asked = ensure([smallJar], `http://reader:s3cr3t@127.0.0.1:${silentPort}`);
    const message = await expectRefusal(asked, { reason: 'no-network', words: /could not be fetched from http:\/\/127\.0\.0\.1:21705\/maven2\/com\S+ \(COFFER_MAVEN_REPOSITORY\).*ECONNREFUSED.*https_proxy/ });
    expect(message).not.toMatch(/s3cr3t|reader/);
  });

  it('when the address it is given is none', async () => {
    await expectRefusal(ensure([smallJar], 'ftp://example.org'), { reason: 'bad-spec', words: /COFFER_MAVEN_REPOSITORY is no http or https address/ });
  });
});
