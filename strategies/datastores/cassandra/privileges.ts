/**
 * Permissions of a user on a keyspace, in Cassandra's own words; they reach every table in it, later ones too. Nothing, or
 * ALL, is what an application needs.
 * https://cassandra.apache.org/doc/5.0/cassandra/managing/operating/role_based_access_control.html
 */
export const applicationSet = 'ALL';
export const privilegeKinds = ['SELECT', 'MODIFY', 'CREATE', 'ALTER', 'DROP'] as const;
export type PrivilegeKind = (typeof privilegeKinds)[number];

const refusedWords: Readonly<Record<string, string>> = {
  AUTHORIZE: 'AUTHORIZE passes rights on behind Coffer\'s back and is not given: make a grant for the other user instead',
  EXECUTE: 'EXECUTE is of user-defined functions, which run code inside the server and are off',
  DESCRIBE: 'DESCRIBE is of roles and not given: everybody may describe keyspaces and tables as it is',
  SUPERUSER: 'nobody but Coffer\'s management is a superuser',
};

export const canonicalPrivilege = (word: string): string => {
  const upper = word.trim().replace(/\s+/g, ' ').toUpperCase();
  return upper === 'ALL PERMISSIONS' ? applicationSet : upper;
};
const isKind = (word: string): word is PrivilegeKind => (privilegeKinds as readonly string[]).includes(word);

export function privilegeProblem(word: string): string | null {
  const canonical = canonicalPrivilege(word);
  if (canonical === applicationSet || isKind(canonical)) return null;
  return refusedWords[canonical] ?? `"${word}" is not a permission offered here: ${applicationSet}, ${privilegeKinds.join(', ')}`;
}

/** Words that are no permission are left out: judge them first. */
export function parsePrivileges(words: readonly string[]): PrivilegeKind[] {
  const canonical = words.map(canonicalPrivilege);
  if (canonical.length === 0 || canonical.includes(applicationSet)) return [...privilegeKinds];
  return privilegeKinds.filter((kind) => canonical.includes(kind));
}
