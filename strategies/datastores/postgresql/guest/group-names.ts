/**
 * Rights in a database are memberships in roles that cannot log in: one that owns the database and what is made in it,
 * and, where asked for, one for each single privilege. Their names share a suffix that follows from the database's name
 * when it is made. Pure.
 */
import { createHash } from 'node:crypto';
import { maxNameBytes } from '../names.ts';
import { type PrivilegeKind, privilegeKinds } from '../privileges.ts';

/** Every role made here is a member of this one, which nobody but the superuser can make anybody a member of. */
export const markerRole = 'coffer_groups';

const letters: Readonly<Record<PrivilegeKind, string>> = {
  SELECT: 'sel', INSERT: 'ins', UPDATE: 'upd', DELETE: 'del', TRUNCATE: 'tru', REFERENCES: 'ref', TRIGGER: 'trg', TEMPORARY: 'tmp', CONNECT: 'con',
};
export type GroupKind = 'owner' | PrivilegeKind;

const prefixOf = (kind: GroupKind): string => `coffer_${kind === 'owner' ? 'own' : letters[kind]}_`;
const suffixBytes = maxNameBytes - prefixOf('owner').length;
const digestLetters = 10;

export const groupName = (kind: GroupKind, suffix: string): string => prefixOf(kind) + suffix;

export function parseGroupName(role: string): { kind: GroupKind; suffix: string } | null {
  for (const kind of ['owner', ...privilegeKinds] as const) {
    if (role.startsWith(prefixOf(kind))) return { kind, suffix: role.slice(prefixOf(kind).length) };
  }
  return null;
}

/**
 * The name itself where it fits; else, and at a further attempt (the suffix is in use for a database that was renamed), a
 * digest with as much of the name as fits. `~` tells the two apart: no name that begins with it is taken as it is.
 */
export function suffixFor(database: string, attempt: number): string {
  if (attempt === 0 && Buffer.byteLength(database, 'utf8') <= suffixBytes && !database.startsWith('~')) return database;
  const digest = createHash('sha256').update(`${database}\0${attempt}`).digest('hex').slice(0, digestLetters);
  return `~${digest}_${startOf(database, suffixBytes - digestLetters - 2)}`;
}

/** As many whole characters as fit into so many bytes of UTF-8. */
function startOf(text: string, sizeBytes: number): string {
  let start = '';
  for (const character of text) {
    if (Buffer.byteLength(start + character, 'utf8') > sizeBytes) break;
    start += character;
  }
  return start;
}
