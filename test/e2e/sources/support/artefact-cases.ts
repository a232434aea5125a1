import { createHash } from 'node:crypto';
import { publicMavenRepository, publicPythonIndex } from '../../../../strategies/sources/artefacts/public-repositories.ts';
import type { DebianSource, MavenArtefact, WheelArtefact } from '../../../../strategies/spi/engine-source.ts';

/** Small real files of both registries: a program that needs Debian's libstdc++, and two Java archives. */
export const wheel: WheelArtefact = {
  kind: 'wheel', project: 'ninja', version: '1.13.0', file: 'ninja-1.13.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
  sha256: 'fb46acf6b93b8dd0322adc3a4945452a4e774b75b91293bafcc7b7f8e6517dfa', sizeBytes: 180716,
  programs: { 'ninja-1.13.0.data/scripts/ninja': 'usr/bin/ninja' },
};
const jarsInto = 'usr/share/engine/lib';
export const smallJar: MavenArtefact = {
  kind: 'maven', path: 'com/vdurmont/semver4j/3.1.0/semver4j-3.1.0.jar', into: jarsInto,
  sha256: '0f33724dd012099f0737e3d9203e28f4a804435526998d4f5841993058651cb8', sizeBytes: 27_357,
};
export const largeJar: MavenArtefact = {
  kind: 'maven', path: 'at/yawk/lz4/lz4-java/1.10.1/lz4-java-1.10.1.jar', into: jarsInto,
  sha256: 'a58a84c4271e50df4c96ed916ccb7e48a869f8ed9cdcda1ad5d3d4c33b0214a3', sizeBytes: 910_232,
};

export const artefactSource: DebianSource = {
  kind: 'debian', suite: 'bookworm', packages: ['libstdc++6'], artefacts: [smallJar, wheel, largeJar], binDir: 'usr/bin',
  versionCommand: { binary: 'ninja', args: ['--version'], pattern: '^([0-9]+\\.[0-9]+\\.[0-9]+)' },
};

async function get(url: string, accept = '*/*'): Promise<Buffer> {
  const response = await fetch(url, { headers: { accept }, signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** The files as the registries have them, by the paths at which our own server gives them out. */
export async function fetchFiles(): Promise<Map<string, Buffer>> {
  const page = JSON.parse((await get(`${publicPythonIndex}/${wheel.project}/`, 'application/vnd.pypi.simple.v1+json')).toString()) as { files: { filename: string; url: string }[] };
  const files = new Map([[`/files/${wheel.file}`, await get(page.files.find((file) => file.filename === wheel.file)?.url ?? '')]]);
  for (const { path } of [smallJar, largeJar]) files.set(`/maven2/${path}`, await get(`${publicMavenRepository}/${path}`));
  for (const { sha256, path } of [{ ...wheel, path: `/files/${wheel.file}` }, { ...smallJar, path: `/maven2/${smallJar.path}` }]) {
    if (createHash('sha256').update(files.get(path) ?? '').digest('hex') !== sha256) throw new Error(`${path} is not what it was`);
  }
  return files;
}
