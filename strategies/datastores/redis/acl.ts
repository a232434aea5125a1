/**
 * Access rules in Redis's own words (redis.io, "ACL"): which ones a tenant may be given, and what is taken from every
 * tenant whatever was given. Pure.
 */
import type { InputIssue } from '../../../kernel/errors.ts';

export const managementName = 'coffer';
export const rootName = 'root';

/**
 * Appended last to the rules of every tenant, root included, so it always wins: what would reach the host (files,
 * libraries, other machines), the management account, or the run state that Coffer keeps.
 */
const neverTenants = [
  '-acl', '+acl|whoami', '+acl|cat', '+acl|genpass', '-config', '-module', '-debug', '-migrate', '-replicaof', '-slaveof', '-sync', '-psync', '-replconf',
  '-failover', '-shutdown', '-cluster', '-save', '-bgsave', '-bgrewriteaof', '-client|pause', '-client|no-evict', '-pfdebug', '-pfselftest', '-monitor',
] as const;

/** An application's usual set: all data, no administration, and those of the dangerous commands that only touch data. */
const usual = ['~*', '&*', '+@all', '-@admin', '-@dangerous', '+keys', '+sort', '+sort_ro', '+info', '+flushdb', '+flushall', '+swapdb', '+role', '+client|kill', '+client|list'] as const;
const everything = ['~*', '&*', '+@all'] as const;

export const rootRules = (): string[] => [...everything, ...neverTenants];
/** Rules for ACL SETUSER: the given ones (the usual set when none), then what is never a tenant's. */
export const tenantRules = (privileges: readonly string[]): string[] => [...(privileges.length === 0 ? usual : privileges), ...neverTenants];
/** What is left of a user whose grants are taken away. */
export const noRules = ['resetkeys', 'resetchannels', '-@all'] as const;

const name = '[a-z0-9_-]+';
const ruleForms: RegExp[] = [
  new RegExp(`^[+-]@${name}$`, 'i'), new RegExp(`^[+-]${name}(\\|${name})?$`, 'i'),
  /^(%(R|W|RW)?)?~[^\s\0]+$/i, /^&[^\s\0]+$/, /^(allkeys|allchannels|allcommands|resetkeys|resetchannels|nocommands)$/i,
];
const forbiddenNames = new Set(neverTenants.filter((r) => r.startsWith('-')).map((r) => r.slice(1).split('|')[0]!).filter((n) => n !== 'client' && n !== 'acl'));
export const maxRules = 200;
const maxRuleBytes = 512;

/** Issues with one rule; a rule that asks for what no tenant gets is told so instead of being dropped silently. */
export function ruleIssue(rule: string): string | null {
  if (Buffer.byteLength(rule) > maxRuleBytes) return `a rule has at most ${maxRuleBytes} bytes`;
  if (!ruleForms.some((form) => form.test(rule))) {
    return 'must be a category (+@read), a command (+get, -config|set), a key pattern (~cache:*, %R~logs:*) or a channel pattern (&news.*)';
  }
  const command = /^\+([a-z0-9_-]+)/i.exec(rule)?.[1]?.toLowerCase();
  if (command !== undefined && forbiddenNames.has(command)) return `${command} reaches the host or Coffer's management and is not given to tenants`;
  return null;
}

const maxNameBytes = 128;
export function userNameIssues(userName: string): InputIssue[] {
  const told = (message: string): InputIssue[] => [{ path: ['name'], message }];
  if (userName === '') return told('must not be empty');
  if (Buffer.byteLength(userName) > maxNameBytes) return told(`at most ${maxNameBytes} bytes`);
  // white space ends a word of the ACL file; control characters and lone surrogates cannot be typed back
  if (/[\s\p{Cc}\p{Zs}\p{Zl}\p{Zp}]/u.test(userName) || !userName.isWellFormed()) return told('must not contain white space, control characters or half characters');
  const lower = userName.toLowerCase();
  if (lower === 'default' || lower === rootName || lower.startsWith(managementName)) return told(`"${userName}" is reserved`);
  return [];
}

/** Hidden from lists and refused as a target. */
export const isSystemUser = (userName: string): boolean => {
  const lower = userName.toLowerCase();
  return lower === 'default' || lower === rootName || lower.startsWith(managementName);
};

export interface AclUser { name: string; enabled: boolean; passwordHashes: string[]; rules: string[] }

/** A line of ACL LIST: `user alice on #hash ~* &* -@all +get`. */
export function parseAclLine(line: string): AclUser | null {
  const [word, userName, ...tokens] = line.split(' ').filter((t) => t !== '');
  if (word !== 'user' || userName === undefined) return null;
  return {
    name: userName, enabled: tokens.includes('on'), passwordHashes: tokens.filter((t) => /^#[0-9a-f]{64}$/.test(t)).map((t) => t.slice(1)),
    rules: tokens.filter((t) => !/^(on|off|nopass|sanitize-payload|skip-sanitize-payload|#[0-9a-f]{64})$/.test(t)),
  };
}

/** Rules as people gave them: without the part that everybody has. Redis merges and reorders, so this is by meaning of each token. */
export const shownRules = (rules: readonly string[]): string[] => {
  const tail = new Set<string>(neverTenants);
  return rules.filter((rule) => !tail.has(rule) && rule !== 'resetchannels');
};
