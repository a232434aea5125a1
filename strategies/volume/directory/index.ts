import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeStrategy } from '../../spi/volume.ts';

/** A folder on the host's own disk. Its size is a promise: the host's reserve stops who breaks it. */
export function createDirectoryVolumes({ folderOf }: { /** `instances/<id>` */ folderOf(instanceId: string): string }): VolumeStrategy {
  const pathOf = (instanceId: string): string => join(folderOf(instanceId), 'volume');
  const attach = async (instanceId: string): Promise<void> => {
    await mkdir(pathOf(instanceId), { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
  };
  return {
    type: 'directory', isHard: false,
    problem: async () => null,
    create: attach, attach,
    async grow() { /* nothing holds it back */ },
    inspect: (instanceId) => stat(pathOf(instanceId)).then((found) => (found.isDirectory() ? { sizeBytes: 0, isAttached: true } : null), () => null),
    async detach() { /* it is where it is */ },
    async destroy() { /* it goes with the instance's folder */ },
  };
}
