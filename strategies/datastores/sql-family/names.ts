/** Names of databases and users. Pure; both halves judge by these, with what each engine keeps for itself. */
import { hostProblem, type HostForms } from './hosts.ts';
import { type Account, anyHost } from './text.ts';

export const managementName = 'coffer';
/** As what management logs in: over the unix socket. */
export const managementHost = 'localhost';
export const rootName = 'root';
/** Coffer's own database: which operation made what. */
export const ownDatabase = 'coffer';

export interface NameRules {
  /** the engine, in messages */
  title: string;
  maxUserChars: number;
  hosts: HostForms;
  /** whatever the case */
  systemDatabases: readonly string[];
  systemUsers: readonly string[];
  /** those of them the server has made for itself, at localhost */
  systemAccounts: readonly string[];
  /** a database's name in GRANT, which may be longer than the name itself, and has the same limit */
  grantChars?: (database: string) => number;
}

const maxDatabaseChars = 64;
/** A database is a folder in which everything but letters, digits and _ takes five bytes; more of it does not fit a file system's name. */
const maxFolderBytes = 255;
const folderBytes = (name: string): number => name.length + 4 * name.replaceAll(/[A-Za-z0-9_]/g, '').length;

const keptPrefix = /^coffer/i;
/** What the list of sessions calls those that are nobody's. */
const ofThreads = ['event_scheduler', 'system user', 'unauthenticated user'];

function nameProblem(name: string, maxChars: number, title: string): string | null {
  if (name === '') return 'must not be empty';
  if (!name.isWellFormed()) return 'must be well-formed Unicode';
  // Control characters end up in logs, in prompts and in other people's terminals.
  if (/\p{Cc}/u.test(name)) return 'must not contain control characters';
  if (/[\u{10000}-\u{10ffff}]/u.test(name)) return `must not contain characters above U+FFFF (emoji and the like), which ${title} does not take in names`;
  if (name.endsWith(' ')) return `must not end with a space, which ${title} would drop`;
  return name.length > maxChars ? `has ${name.length} characters; ${title} takes at most ${maxChars}` : null;
}

export const isSystemDatabase = (name: string, rules: NameRules): boolean => keptPrefix.test(name) || rules.systemDatabases.includes(name.toLowerCase());
export const isSystemUser = (name: string, rules: NameRules): boolean =>
  keptPrefix.test(name) || [rootName, ...ofThreads, ...rules.systemUsers].includes(name.toLowerCase());

/** The server's own and management's. */
export const isOwnAccount = ({ name, host }: Account, rules: NameRules): boolean =>
  host === managementHost && (name === managementName || rules.systemAccounts.includes(name));
/** In a name kept for the system without being one of the real ones: Coffer makes no such account, and no list shows it. */
export const isImpostor = (found: Account, rules: NameRules): boolean =>
  isSystemUser(found.name, rules) && !isOwnAccount(found, rules) && !(found.name === rootName && found.host === anyHost);

export function databaseNameProblem(name: string, rules: NameRules): string | null {
  const problem = nameProblem(name, maxDatabaseChars, rules.title);
  if (problem !== null) return problem;
  if (isSystemDatabase(name, rules)) return `"${name}" is kept for the system: choose a name that is not ${rules.systemDatabases.join(', ')} and does not begin with coffer`;
  if (/^#mysql50#/i.test(name)) return 'must not begin with #mysql50#, which names a folder as it is';
  const inGrant = rules.grantChars?.(name) ?? name.length;
  if (inGrant > maxDatabaseChars) return `is too long to be granted (${inGrant} of ${maxDatabaseChars} characters): _, % and \\ count twice in ${rules.title}`;
  const bytes = folderBytes(name);
  return bytes > maxFolderBytes ? `is too long as the folder it becomes (${bytes} of ${maxFolderBytes} bytes): every character but ASCII letters, digits and _ counts five times` : null;
}

export function userNameProblem(name: string, rules: NameRules): string | null {
  const problem = nameProblem(name, rules.maxUserChars, rules.title);
  if (problem !== null) return problem;
  return isSystemUser(name, rules) ? `"${name}" is kept for the system: choose a name that is not root or ${rules.systemUsers.join(', ')} and does not begin with coffer` : null;
}

export const userHostProblem = (host: string, rules: NameRules): string | null => hostProblem(host, rules.hosts);
const maxKnownHostChars = 255;
/** Of an account that is there already: it may have been made from inside, or before its host was refused. */
export const knownHostProblem = (host: string): string | null =>
  host === '' || host.length > maxKnownHostChars || /\p{Cc}/u.test(host) ? 'is none that an account can have' : null;

const maxPasswordBytes = 250;
export function passwordProblem(password: string): string | null {
  if (password === '') return 'must not be empty';
  if (!password.isWellFormed() || /\p{Cc}/u.test(password)) return 'must be well-formed Unicode without control characters';
  return Buffer.byteLength(password, 'utf8') > maxPasswordBytes ? `must not be longer than ${maxPasswordBytes} bytes in UTF-8` : null;
}
