/** Which build an instance can be brought to within its version. Pure. */
import type { ListedBuild } from '../../../strategies/spi/compute.ts';
import { compareVersions } from '../../../strategies/sources/version.ts';

type Track = Pick<ListedBuild, 'datastore' | 'track'>;
export interface BuildOfInstance extends Track { buildId: string | null; buildVersion: string | null }
/** As an instance keeps it. `than`: the build that it was found for; of an instance that has another by now it says nothing. */
export interface NewerBuild { than: string; id: string; version: string }

const byAge = (a: ListedBuild, b: ListedBuild): number => compareVersions(b.version, a.version) || b.installedAt.localeCompare(a.installedAt);

/** What a new instance of the track would get. A host of an earlier release does not tell, so that the newest is taken for it. */
export function newestBuild<Build extends ListedBuild>(builds: readonly Build[], { datastore, track }: Track): Build | undefined {
  const own = builds.filter((build) => build.datastore === datastore && build.track === track);
  return own.filter(({ offered = true }) => offered).toSorted(byAge)[0];
}

/**
 * Null where there is none: an instance is never brought to what is older than its own. Where that is not listed (somebody replaced it on
 * the host), its version alone tells.
 */
export function newerThan<Build extends ListedBuild>(builds: readonly Build[], instance: BuildOfInstance): Build | null {
  const newest = newestBuild(builds, instance);
  if (!newest || instance.buildId === null || newest.id === instance.buildId) return null;
  const own = builds.find(({ id }) => id === instance.buildId);
  const isNewer = own ? byAge(newest, own) < 0 : compareVersions(newest.version, instance.buildVersion ?? '') > 0;
  return isNewer ? newest : null;
}
