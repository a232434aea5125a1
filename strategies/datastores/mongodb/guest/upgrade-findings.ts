/** What stands in the way of another build, by what the server tells. Pure. */
import type { Finding, NamedBuild } from '../../../spi/guest.ts';

const error = (subject: string | null, message: string): Finding => ({ severity: 'ERROR', subject, message });

/** Patches may change what is on the disk, each as the next ones know it: none is said to read what a later one wrote. */
export function buildFindings(version: string, to: Pick<NamedBuild, 'version'>): Finding[] {
  if (to.version.localeCompare(version, 'en', { numeric: true }) >= 0) return [];
  return [error(null, `the data were last written by MongoDB ${version}, and ${to.version} is older: name a build that is not`)];
}

/** `featureCompatibilityVersion` as `getParameter` has it; the last two while it is being changed, or where that was cut off: `previousVersion` on its way down alone. */
export interface Compatibility { version: string; targetVersion?: string | undefined; previousVersion?: string | undefined }
const subject = 'featureCompatibilityVersion';

/**
 * The form of the data, which stays that of an earlier version until somebody says otherwise.
 * https://www.mongodb.com/docs/manual/reference/command/setFeatureCompatibilityVersion/
 */
export function compatibilityFindings({ version, targetVersion, previousVersion }: Compatibility, track: string): Finding[] {
  const remedy = (...forms: string[]): string => `Run ${forms.map((form) => `{ setFeatureCompatibilityVersion: "${form}" }`).join(', then ')}, as the README of this datastore tells, and ask again`;
  // The server takes no other version then than the one on the way to which it is.
  if (targetVersion !== undefined) return [error(subject, `a change of it (from ${previousVersion ?? version} to ${targetVersion}) has not ended: the data are in between. ${remedy(...new Set([targetVersion, track]))}`)];
  return version === track ? [] : [error(subject, `it is ${version}, not ${track}: the data are in the form of another version, and only those of ${track} itself are brought further. ${remedy(track)}`)];
}

export interface Member { name: string; stateStr: string }
/** Members whose data are whole, and arbiters, which have none. https://www.mongodb.com/docs/manual/reference/replica-states/ */
const settled = new Set(['PRIMARY', 'SECONDARY', 'ARBITER']);

export const memberFindings = (members: readonly Member[]): Finding[] => members.flatMap(({ name, stateStr }) =>
  (settled.has(stateStr) ? [] : [error(name, `this member of the replica set is in state ${stateStr}: its data are not, or not yet, those of the set. Wait until it is PRIMARY or SECONDARY, or see its log`)]));

/** `words`: the new build's about what it would be started with; null: it takes it all. `name`: of the group's value that they are about. */
export function settingFindings(words: string | null, name: string | null, to: Pick<NamedBuild, 'version'>): Finding[] {
  if (words === null) return [];
  const remedy = name === null ? 'It would not start: name another build' : 'Take the value out of the configuration group, or change it';
  return [error(name, `MongoDB ${to.version} does not take what it would be started with: ${words}. ${remedy}`)];
}
