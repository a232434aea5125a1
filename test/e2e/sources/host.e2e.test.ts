import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../../kernel/log.ts';
import { createEngineStore } from '../../../strategies/sources/index.ts';
import type { EngineSourceSpec } from '../../../strategies/spi/engine-source.ts';
import { createScratch } from './support/scratch.ts';

const versionCommand = { binary: 'engined', args: ['--version'], pattern: '^engined ([0-9.]+)$' };
const signal = AbortSignal.timeout(60_000);

async function installProgram(directory: string, version: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of ['engined', 'engine-cli']) {
    await writeFile(join(directory, name), `#!/bin/sh\necho "engined ${version}"\n`);
    await chmod(join(directory, name), 0o755);
  }
}

describe('programs that are on the host already', () => {
  let scratch: Awaited<ReturnType<typeof createScratch>>;
  let host: EngineSourceSpec;
  const at = (...names: string[]): string => join(scratch.directory, ...names);
  beforeAll(async () => {
    scratch = await createScratch();
    host = { kind: 'host', binaries: ['engined', 'engine-cli'], searchPaths: [at('opt', '*', 'bin')], versionCommand };
    for (const version of ['2.4', '3.1', '3.0']) await installProgram(at('opt', version, 'bin'), version);
  });
  afterAll(() => scratch.remove());

  it('are used in the newest version of the track, and found again by their id', async () => {
    const store = createEngineStore({ root: at('engines'), log: silentLog });
    const build = await store.ensure({ datastore: 'engine', track: '3', sources: [host], signal });
    expect(build).toMatchObject({ version: '3.1', source: 'host', binDir: at('opt', '3.1', 'bin'), prefix: at('opt', '3.1'), packages: [] });
    expect(build.id).toMatch(/^engine-3\.1-[0-9a-f]{8}$/);
    expect(await createEngineStore({ root: at('engines'), log: silentLog }).get(build.id)).toEqual(build);
  });

  it('are used in the newest also where names are compared by their numbers: 5.10 comes after 5.9', async () => {
    for (const version of ['5.9', '5.10']) await installProgram(at('opt', version, 'bin'), version);
    const store = createEngineStore({ root: at('engines'), log: silentLog });
    expect(await store.ensure({ datastore: 'engine', track: '5', sources: [host], signal })).toMatchObject({ version: '5.10' });
  });

  it('are refused in a version of another track, each with its reason', async () => {
    const store = createEngineStore({ root: at('engines'), log: silentLog });
    const asked = store.ensure({ datastore: 'engine', track: '9', sources: [host], signal });
    await expect(asked).rejects.toThrow(/no engine 9 on this host \(.*3\.1\/bin holds version 3\.1, not 9; .*2\.4\/bin holds version 2\.4, not 9\)/);
  });

  it('are no longer the same build when they are replaced', async () => {
    await installProgram(at('opt', '4.0', 'bin'), '4.0');
    const store = createEngineStore({ root: at('engines'), log: silentLog });
    const request = { datastore: 'engine', track: '4', sources: [host], signal };
    const before = await store.ensure(request);
    await installProgram(at('opt', '4.0', 'bin'), '4.0.1');
    expect(await store.get(before.id)).toBeUndefined();
    expect(await store.ensure(request)).toMatchObject({ version: '4.0.1' });
  });

  it('of the operator come before everything, and are never passed over in silence', async () => {
    await installProgram(at('mine'), '3.0.5');
    const preferred = { 'engine/3': at('mine'), 'engine/2': at('mine'), 'engine/4': at('nowhere') };
    const store = createEngineStore({ root: at('engines'), log: silentLog, preferred });
    const ensure = (track: string): ReturnType<typeof store.ensure> => store.ensure({ datastore: 'engine', track, sources: [host], signal });
    expect(await ensure('3')).toMatchObject({ version: '3.0.5', binDir: at('mine') });
    expect(await store.find('engine', '3')).toMatchObject({ version: '3.0.5' });
    await expect(ensure('2')).rejects.toThrow(/holds version 3\.0\.5, not 2\./);
    await expect(ensure('4')).rejects.toThrow(/there is no directory .*nowhere/);
    await copyFile(at('opt', '3.1', 'bin', 'engined'), at('opt', '3.0', 'bin', 'engined'));
    expect(await createEngineStore({ root: at('engines'), log: silentLog }).find('engine', '3')).toMatchObject({ version: '3.1' });
  });
});
