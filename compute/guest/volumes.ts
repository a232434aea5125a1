/** The kinds of volumes that this host can have. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { CofferError } from '../../kernel/errors.ts';
import type { VolumeTypeFacts } from '../../strategies/spi/compute.ts';
import type { EngineStore } from '../../strategies/spi/engine-source.ts';
import type { VolumeStrategy } from '../../strategies/spi/volume.ts';
import { createDirectoryVolumes } from '../../strategies/volume/directory/index.ts';
import { createLoopVolumes } from '../../strategies/volume/loop/index.ts';
import { createXfsTools } from '../../strategies/volume/loop/xfs-tools.ts';
import type { GuestRecord } from '../records/guest-record.ts';

export interface Volumes {
  readonly all: readonly VolumeStrategy[];
  of(record: Pick<GuestRecord, 'volumeType'>): VolumeStrategy;
  /** Throws for a kind that this host does not have. */
  offered(type: string): Promise<VolumeStrategy>;
  facts(): Promise<VolumeTypeFacts[]>;
}

const usualType = 'directory';

export function createVolumes(instances: string, engineStore: Pick<EngineStore, 'ensure'>): Volumes {
  const folderOf = (instanceId: string): string => join(instances, instanceId);
  // The kernel tells mounts and devices by their real paths.
  const real = realpathSync(instances);
  const all = [createDirectoryVolumes({ folderOf }), createLoopVolumes({ folderOf: (instanceId) => join(real, instanceId), tools: createXfsTools({ engineStore }) })];
  const named = (type: string): VolumeStrategy => {
    const found = all.find((one) => one.type === type);
    if (!found) throw new CofferError('INPUT.INVALID', `this host knows no volumes of type ${type}`);
    return found;
  };
  return {
    all,
    of: ({ volumeType = usualType }) => named(volumeType),
    async offered(type) {
      const strategy = named(type || usualType);
      const problem = await strategy.problem();
      if (problem !== null) throw new CofferError('ADMISSION.NO_HOST', problem);
      return strategy;
    },
    facts: () => Promise.all(all.map(async (one) => ({ name: one.type, problem: await one.problem() }))),
  };
}
