/**
 * Privileges of a user in a database, in PostgreSQL's own words. Nothing, or ALL, is what an application needs: it makes,
 * changes and uses everything in the database, together with every other user of that kind. Anything else is a list of
 * these words, each of which includes CONNECT; table privileges reach tables made later.
 * https://www.postgresql.org/docs/current/ddl-priv.html
 */
export const applicationSet = 'ALL';

export const privilegeKinds = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'TEMPORARY', 'CONNECT'] as const;
export type PrivilegeKind = (typeof privilegeKinds)[number];

const aliases: Readonly<Record<string, string>> = { 'ALL PRIVILEGES': applicationSet, TEMP: 'TEMPORARY' };
export const canonicalPrivilege = (word: string): string => {
  const upper = word.trim().replace(/\s+/g, ' ').toUpperCase();
  return aliases[upper] ?? upper;
};
const isKind = (word: string): word is PrivilegeKind => (privilegeKinds as readonly string[]).includes(word);

export function privilegeProblem(word: string): string | null {
  const canonical = canonicalPrivilege(word);
  if (canonical === applicationSet || isKind(canonical)) return null;
  if (canonical === 'CREATE') return 'CREATE comes with the application set only (no privileges named, or ALL), because what is made has to belong to the database\'s owner';
  return `"${word}" is not a privilege offered here: ${applicationSet}, ${privilegeKinds.join(', ')}`;
}

/** What is to be granted: the application set, or single privileges. Words that are no privilege are left out: judge them first. */
export function parsePrivileges(words: readonly string[]): 'application' | PrivilegeKind[] {
  const canonical = words.map(canonicalPrivilege);
  if (canonical.length === 0 || canonical.includes(applicationSet)) return 'application';
  return privilegeKinds.filter((kind) => canonical.includes(kind));
}
