/** Tracks that one source serves, and what an earlier release called its builds. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createBuildShelf } from '../../../strategies/sources/build-shelf.ts';
import { layOut } from '../../../strategies/sources/lay-out.ts';
import { createEngineStore, type PortableEngineStore } from '../../../strategies/sources/index.ts';
import type { ArchiveSource, EngineBuild, EngineSourceSpec, HostSource } from '../../../strategies/spi/engine-source.ts';

const signal = AbortSignal.timeout(60_000);
let folder: string;
let server: Server;
let source: ArchiveSource;
let store: PortableEngineStore;
let root: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coffer-tracks-'));
  await mkdir(join(folder, 'engine/bin'), { recursive: true });
  await writeFile(join(folder, 'engine/bin/engined'), '#!/bin/sh\necho v8.1.3\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(folder, 'engine.tar.gz'), '-C', join(folder, 'engine'), 'bin']);
  const content = await readFile(join(folder, 'engine.tar.gz'));
  server = createServer((_, response) => response.end(content));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  source = {
    kind: 'archive', binDir: 'opt/bin', versionCommand: { binary: 'engined', args: [], pattern: 'v([0-9.]+)' },
    artefacts: [{
      kind: 'archive', name: 'engine', version: '8.1.3', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/engine.tar.gz`,
      sha256: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length, format: 'tar.gz', strip: 0, into: 'opt',
    }],
  };
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  root = join(folder, `store-${++count}`);
  store = createEngineStore({ root, log: silentLog });
});

const ensure = (track: string, to = store): Promise<EngineBuild> => to.ensure({ datastore: 'engine', track, sources: [source], signal });
const canRun = (build: EngineBuild): Promise<boolean> => access(join(build.binDir, 'engined')).then(() => true, () => false);

describe('two tracks of one source', () => {
  it('have a build each: neither is removed for the other', async () => {
    const wide = await ensure('8');
    const narrow = await ensure('8.1');
    expect(narrow.id).not.toBe(wide.id);
    expect((await store.list()).map(({ id, track }) => [id, track]).toSorted()).toEqual([[wide.id, '8'], [narrow.id, '8.1']].toSorted());
    expect(await store.get(wide.id)).toEqual(wide);
    expect([await canRun(wide), await canRun(narrow)]).toEqual([true, true]);
    expect([(await ensure('8')).id, (await ensure('8.1')).id]).toEqual([wide.id, narrow.id]);
  });

  it('are carried to another host as the builds they are', async () => {
    const other = createEngineStore({ root: join(folder, `other-${count}`), log: silentLog });
    for (const track of ['8', '8.1']) {
      const path = join(folder, `${count}-${track}.coffer`);
      const { buildId } = await store.exportTo({ datastore: 'engine', track, sources: [source], path, signal });
      expect(await other.importFrom({ path, sources: () => [source], signal })).toMatchObject({ id: buildId, track });
    }
    expect(await other.list()).toHaveLength(2);
  });
});

describe('a build of an earlier release, whose id does not tell its track', () => {
  let old: EngineBuild;
  beforeEach(async () => {
    const made = await ensure('8');
    const id = 'engine-8.1.3-0badcafe';
    const prefix = join(root, 'builds', id);
    const asBefore = (text: string): string => text.replaceAll(made.id, id);
    await rename(made.prefix, prefix);
    await writeFile(join(prefix, '.coffer-build.json'), asBefore(await readFile(join(prefix, '.coffer-build.json'), 'utf8')));
    await writeFile(join(root, 'records', `${id}.json`), asBefore(await readFile(join(root, 'records', `${made.id}.json`), 'utf8')));
    await rm(join(root, 'records', `${made.id}.json`));
    old = (await store.get(id)) as EngineBuild;
    expect(old).toMatchObject({ id, prefix, track: '8' });
  });

  it('is the one its track gets, and the other track gets a new one', async () => {
    expect(await ensure('8')).toEqual(old);
    expect(await store.ensure({ datastore: 'engine', track: '8', sources: [source], refresh: true, signal })).toEqual(old);
    await ensure('8.1');
    expect(await store.get(old.id)).toEqual(old);
    expect(await readdir(join(root, 'builds'))).toHaveLength(2);
  });

  it('is made again under its id, which instances name', async () => {
    await rm(old.prefix, { recursive: true });
    expect(await store.get(old.id)).toBeUndefined();
    expect(await store.restore({ buildId: old.id, signal })).toMatchObject({ id: old.id, prefix: old.prefix, track: '8' });
    expect(await canRun(old)).toBe(true);
    expect(await ensure('8')).toMatchObject({ id: old.id });
  });

  it('is not removed by another that would have its id', async () => {
    const shelf = createBuildShelf(root, silentLog);
    const request = { datastore: 'engine', track: '8.1', spec: source, buildId: old.id, signal, progress: () => {} };
    const fill = (aside: string): Promise<void> => cp(join(folder, 'engine'), join(aside, 'opt'), { recursive: true });
    await expect(layOut(shelf, request, [], { fill, versionIn: async () => '8.1.3' })).rejects.toThrow(`there is a build ${old.id} already, and it is another`);
    expect(await store.get(old.id)).toEqual(old);
    expect(await canRun(old)).toBe(true);
    expect(await readdir(join(root, 'builds'))).toEqual([old.id]);
  });
});

describe('something newer than what is installed', () => {
  const versionCommand = { binary: 'engined', args: [], pattern: 'v([0-9.]+)' };
  const host = (): HostSource => ({ kind: 'host', binaries: ['engined'], searchPaths: [join(root, 'host/engine-*')], versionCommand });
  const offer = async (version: string): Promise<void> => {
    await mkdir(join(root, `host/engine-${version}`), { recursive: true });
    await writeFile(join(root, `host/engine-${version}/engined`), `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
  };
  const ask = (refresh: boolean, sources: EngineSourceSpec[]): Promise<EngineBuild> => store.ensure({ datastore: 'engine', track: '8', sources, refresh, signal });

  it('is there after somebody asked for it, beside what is installed, and once', async () => {
    await offer('8.1.4');
    const old = await ask(false, [host()]);
    await offer('8.1.5');
    expect(await ask(false, [host()])).toEqual(old);
    const made = await ask(true, [host()]);
    expect(made.version).toBe('8.1.5');
    expect(await ask(true, [host()])).toMatchObject({ id: made.id });
    expect((await store.list()).map(({ id }) => id)).toEqual([made.id, old.id]);
    expect((await store.offered()).map(({ id }) => id)).toEqual([made.id]);
    expect(await canRun(old)).toBe(true);
  });

  it('is asked of the source that the installed build is of: one before it that delivers by now may have less', async () => {
    const archived = await ask(false, [host(), source]);
    expect(archived).toMatchObject({ source: 'archive', version: '8.1.3' });
    await offer('8.1.2');
    expect(await ask(true, [host(), source])).toEqual(archived);
    expect(await store.list()).toEqual([archived]);
    // Another plugin, another source: all of its own are asked.
    expect(await ask(true, [host()])).toMatchObject({ source: 'host', version: '8.1.2' });
  });

  it('is not what a source has that is behind what was brought here in another way', async () => {
    await offer('8.1.2');
    await offer('8.1.9');
    const brought = await ask(false, [host()]);
    expect(brought.version).toBe('8.1.9');
    // It is there, and the source does not find it.
    await chmod(join(root, 'host/engine-8.1.9/engined'), 0o644);
    expect(await ask(true, [host()])).toMatchObject({ id: brought.id });
  });

  it('that cannot be had is a fault, and what is installed stays', async () => {
    await offer('8.1.4');
    const old = await ask(false, [host()]);
    await chmod(join(root, 'host/engine-8.1.4/engined'), 0o644);
    await expect(ask(true, [host()])).rejects.toMatchObject({ code: 'SOURCE.UNAVAILABLE', message: expect.stringMatching(/engine 8 could not be installed: .*no program engined/) });
    expect(await store.list()).toEqual([old]);
    expect(await ask(false, [host()])).toEqual(old);
  });
});
