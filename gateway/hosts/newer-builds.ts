/**
 * Instances are told of builds that are newer than theirs, however those came to the host: an installation, an import, a first instance.
 * A look compares what is there with what was told and writes the difference, so that nothing is lost with the process that installed.
 */
import { isCofferError } from '../../kernel/errors.ts';
import type { ComputeStrategy, ListedBuild } from '../../strategies/spi/compute.ts';
import { changeInstance } from '../domain/instance/change.ts';
import { type BuildOfInstance, type NewerBuild, newerThan } from '../domain/upgrade/newer-build.ts';
import { createTurn } from '../pki/in-turn.ts';
import type { Store } from '../store/tx.ts';

const BATCH = 500;
const LISTING_MS = 4_000;

interface Group extends BuildOfInstance { buildId: string; told: NewerBuild | null }
const GROUPS = `select distinct datastore, track, build_id as "buildId", build_version as "buildVersion", newer_build as told from instance
  where host_id = $1 and build_id is not null and deleted_at is null and prepared and not released`;
const MEMBERS = `select id from instance where host_id = $1 and datastore = $2 and track = $3 and build_id = $4 and newer_build is not distinct from $5::jsonb
  and deleted_at is null and prepared and not released order by id limit ${BATCH}`;

const isSame = (a: NewerBuild | null, b: NewerBuild | null): boolean => a?.than === b?.than && a?.id === b?.id;

/** What there is to tell those of a group; `undefined`: they have been told. */
export function decideNews(builds: readonly ListedBuild[], group: Group): NewerBuild | null | undefined {
  const newer = newerThan(builds, group);
  // What was told of a build that it has no more is not seen by anybody.
  const told = group.told?.than === group.buildId ? group.told : null;
  if (newer?.id === told?.id) return undefined;
  return newer && { than: group.buildId, id: newer.id, version: newer.version };
}

/** One that does not answer says nothing about its builds: what was told of them stays. */
export async function lookAtHosts(newerBuilds: NewerBuilds, hostIds: readonly string[], signal: AbortSignal): Promise<number> {
  let count = 0;
  for (const hostId of hostIds) {
    count += await newerBuilds.look(hostId, signal).catch((error: unknown) => {
      if (isCofferError(error) && error.code === 'HOST.UNREACHABLE') return 0;
      throw error;
    });
  }
  return count;
}

export interface NewerBuilds {
  /** Answers how many instances were told. Throws when the host does not say what it has. */
  look(hostId: string, signal: AbortSignal): Promise<number>;
}

export function createNewerBuilds({ store, compute }: { store: Store; compute(hostId: string): Pick<ComputeStrategy, 'listBuilds'> }): NewerBuilds {
  // A list that is older than another is not written after it.
  const inTurn = createTurn();

  async function tell(hostId: string, group: Group, news: NewerBuild | null, signal: AbortSignal): Promise<number> {
    const { datastore, track, buildId, told } = group;
    let count = 0;
    for (const { id } of await store.query<{ id: string }>(MEMBERS, [hostId, datastore, track, buildId, told && JSON.stringify(told)])) {
      signal.throwIfAborted();
      const meta = news ? { type: 'instance.newer-build', data: { buildId: news.id, version: news.version } } : {};
      await store.transaction((tx) => changeInstance(tx, id, (row) => {
        // Meanwhile another gateway may have told it, or something have been done to it.
        if (row.build_id !== buildId || row.deleted_at !== null || !isSame(row.newer_build, told)) return null;
        count += 1;
        return { newer_build: news };
      }, { actor: 'system', ...meta }));
    }
    return count;
  }

  return {
    look: (hostId, signal) => inTurn(async () => {
      signal.throwIfAborted();
      const groups = await store.query<Group>(GROUPS, [hostId]);
      if (groups.length === 0) return 0;
      const builds = await compute(hostId).listBuilds(AbortSignal.any([signal, AbortSignal.timeout(LISTING_MS)]));
      let count = 0;
      for (const group of groups) {
        const news = decideNews(builds, group);
        if (news !== undefined) count += await tell(hostId, group, news, signal);
      }
      return count;
    }),
  };
}
