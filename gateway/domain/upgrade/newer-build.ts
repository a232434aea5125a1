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

/** Whether it is newer than an instance's own. Where that is not listed (somebody replaced it on the host), its version alone tells. */
export function isNewer(builds: readonly ListedBuild[], build: ListedBuild, { buildId, buildVersion }: Pick<BuildOfInstance, 'buildId' | 'buildVersion'>): boolean {
  if (buildId === null || build.id === buildId) return false;
  const own = builds.find(({ id }) => id === buildId);
  return own ? byAge(build, own) < 0 : compareVersions(build.version, buildVersion ?? '') > 0;
}

/** Null where there is none: an instance is never brought to what is older than its own. */
export function newerThan<Build extends ListedBuild>(builds: readonly Build[], instance: BuildOfInstance): Build | null {
  const newest = newestBuild(builds, instance);
  return newest && isNewer(builds, newest, instance) ? newest : null;
}
