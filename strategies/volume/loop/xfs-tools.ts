import { join } from 'node:path';
import type { DebianSource, EngineStore } from '../../spi/engine-source.ts';
import { findProgram } from '../../sources/run-command.ts';

/** The programs that make and grow XFS: the host's own, else Debian's, fetched, verified and laid out as engines are. */
export interface XfsTools { find(signal: AbortSignal): Promise<{ mkfs: string; growfs: string }> }

/** What it makes by default is read by every kernel from 5.10 on. */
const source: DebianSource = {
  kind: 'debian', suite: 'bookworm', packages: ['xfsprogs'],
  // For programs that check and repair; they go below.
  exclude: ['python3', 'libicu72', 'libedit2', 'libdevmapper1.02.1'],
  removeFiles: ['usr/sbin/xfs_[!g]*', 'usr/sbin/fsck.xfs'],
  binDir: 'usr/sbin',
  versionCommand: { binary: 'mkfs.xfs', args: ['-V'], pattern: String.raw`version (\d+\.\d+\.\d+)` },
};

export const createXfsTools = ({ engineStore }: { engineStore: Pick<EngineStore, 'ensure'> }): XfsTools => ({
  async find(signal) {
    const [mkfs, growfs] = await Promise.all([findProgram('mkfs.xfs'), findProgram('xfs_growfs')]);
    if (mkfs && growfs) return { mkfs, growfs };
    const { binDir } = await engineStore.ensure({ datastore: 'xfsprogs', track: '6', sources: [source], signal });
    return { mkfs: join(binDir, 'mkfs.xfs'), growfs: join(binDir, 'xfs_growfs') };
  },
});
