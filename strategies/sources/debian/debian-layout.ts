import { layArtefacts } from '../artefacts/lay-artefacts.ts';
import type { Artefact } from '../artefacts/artefact.ts';
import type { DebianSource } from '../../spi/engine-source.ts';
import type { BuildPackage, BuildRequest, Layout } from '../lay-out.ts';
import type { DebianOptions } from './options.ts';
import { ensurePatchelf } from './patchelf.ts';
import { relinkTree } from './relink.ts';
import { unpackPackages } from './unpack.ts';
import { probeVersionAside, verifyLibraries } from './verify-build.ts';

/** Packages and artefacts in one tree whose programs use the libraries in it and no others. */
export async function createDebianLayout(options: DebianOptions, request: BuildRequest<DebianSource>, packages: readonly BuildPackage[], artefacts: readonly Artefact[]): Promise<Layout> {
  const { spec: { binDir, versionCommand }, signal } = request;
  const patchelf = await ensurePatchelf(options, signal);
  return {
    fill: async (aside, progress) => {
      const onUnpacked = (count: number): void => progress(count / packages.length, `unpacking (${count} of ${packages.length} packages)`);
      await unpackPackages(options.root, packages, aside, { signal, onUnpacked });
      await layArtefacts(options.root, artefacts, aside, signal);
    },
    versionIn: (aside) => probeVersionAside(aside, binDir, versionCommand, { patchelf, signal }),
    fit: (aside, target, files) => relinkTree(files, { prefix: aside, target, patchelf, signal }),
    verify: (build) => verifyLibraries(build.prefix, build.binDir, signal),
  };
}
