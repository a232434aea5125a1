/** Users and their rules. Passwords reach the engine as SHA-256 only; every change is saved to the ACL file before it counts. */
import { createHash } from 'node:crypto';
import type { GrantSpec, UserRef } from '../../../spi/control.ts';
import { GuestFault, type GuestContext, type GuestHalf, type UserInfo } from '../../../spi/guest.ts';
import { isSystemUser, noRules, parseAclLine, rootName, rootRules, shownRules, tenantRules, type AclUser } from '../acl.ts';
import { ask } from './management.ts';

export const hashPassword = (password: string): string => createHash('sha256').update(password).digest('hex');

async function readUsers(ctx: GuestContext): Promise<AclUser[]> {
  const lines = await ask(ctx, 'ACL', 'LIST');
  return (lines as string[]).flatMap((line) => parseAclLine(line) ?? []);
}
const find = async (ctx: GuestContext, name: string): Promise<AclUser | undefined> => (await readUsers(ctx)).find((u) => u.name === name);

async function findTenant(ctx: GuestContext, name: string): Promise<AclUser> {
  const user = isSystemUser(name) ? undefined : await find(ctx, name);
  if (!user) throw new GuestFault('MISSING', `there is no user "${name}"`);
  return user;
}

/**
 * `change` is of these users alone. It counts once it is in the file: where a full volume does not take that, the users are as
 * before, or they would be others until the next start. The engine writes the file aside and renames it; a crash before leaves the
 * earlier users, and the step is repeated.
 */
async function saved<T>(ctx: GuestContext, names: readonly string[], change: () => Promise<T>): Promise<T> {
  const before = (await ask(ctx, 'ACL', 'LIST')) as string[];
  const result = await change();
  try {
    await ask(ctx, 'ACL', 'SAVE');
  } catch (error) {
    if (!(error instanceof GuestFault) || error.code !== 'REFUSED') throw error;
    for (const name of names) {
      const [, , ...rules] = before.find((line) => line.startsWith(`user ${name} `))?.split(' ') ?? [];
      await (rules.length > 0 ? ask(ctx, 'ACL', 'SETUSER', name, 'reset', ...rules) : ask(ctx, 'ACL', 'DELUSER', name));
    }
    throw new GuestFault('REFUSED', `the users could not be written to the volume, which may be full: ${error.message}`, { cause: error });
  }
  return result;
}
const setUser = (ctx: GuestContext, name: string, rules: readonly string[]): Promise<unknown> => saved(ctx, [name], () => ask(ctx, 'ACL', 'SETUSER', name, ...rules));
const endSessions = async (ctx: GuestContext, name: string): Promise<void> => { await ask(ctx, 'CLIENT', 'KILL', 'USER', name); };

const rulesOf = (grants: readonly GrantSpec[]): string[] => (grants.length === 0 ? [...noRules] : tenantRules(grants.flatMap((g) => g.privileges)));
const toInfo = (user: AclUser): UserInfo => {
  const privileges = shownRules(user.rules);
  const empty = privileges.every((p) => p === '-@all' || p.startsWith('reset'));
  return { name: user.name, grants: empty ? [] : [{ database: null, privileges }] };
};

export const users: NonNullable<GuestHalf['users']> = {
  list: async (ctx) => (await readUsers(ctx)).filter((u) => !isSystemUser(u.name)).map(toInfo),
  async create(ctx, user) {
    if (isSystemUser(user.name)) throw new GuestFault('REFUSED', `"${user.name}" is reserved`);
    const existing = await find(ctx, user.name);
    // a repeat of a create that was cut off finds its own user: same password, so nothing is taken over
    if (existing && !existing.passwordHashes.includes(hashPassword(user.password))) throw new GuestFault('EXISTS', `the user "${user.name}" exists`);
    await setUser(ctx, user.name, ['reset', 'on', `#${hashPassword(user.password)}`, ...rulesOf(user.grants)]);
  },
  async update(ctx, user, change) {
    const target = change.name ?? user.name;
    if (isSystemUser(target) || isSystemUser(user.name)) throw new GuestFault('REFUSED', `"${target}" is reserved`);
    const renamed = target !== user.name;
    const found = await find(ctx, user.name);
    const already = renamed ? await find(ctx, target) : undefined;
    // there is no rename: the new one is made, then the old one removed; a call cut off between the two finds its own work
    const source = found ?? already;
    if (!source) throw new GuestFault('MISSING', `there is no user "${user.name}"`);
    const hashes = change.password === undefined ? source.passwordHashes : [hashPassword(change.password)];
    if (found && already && already.passwordHashes.join() !== hashes.join()) throw new GuestFault('EXISTS', `the user "${target}" exists`);
    await saved(ctx, renamed ? [target, user.name] : [target], async () => {
      await ask(ctx, 'ACL', 'SETUSER', target, 'reset', source.enabled ? 'on' : 'off', ...hashes.map((h) => `#${h}`), ...source.rules);
      if (renamed && found) await ask(ctx, 'ACL', 'DELUSER', user.name);
    });
    await endSessions(ctx, target);
  },
  async delete(ctx, user) {
    if (isSystemUser(user.name)) throw new GuestFault('REFUSED', `"${user.name}" is reserved`);
    const removed = await saved(ctx, [user.name], () => ask(ctx, 'ACL', 'DELUSER', user.name));
    if (removed === 0) throw new GuestFault('MISSING', `there is no user "${user.name}"`);
  },
};

export const grants: NonNullable<GuestHalf['grants']> = {
  async grant(ctx, user: UserRef, given) {
    const found = await findTenant(ctx, user.name);
    const added = given.flatMap((g) => (g.privileges.length === 0 ? tenantRules([]) : g.privileges));
    await setUser(ctx, user.name, ['resetkeys', 'resetchannels', '-@all', ...found.rules, ...added, ...tenantRules(['-@all']).slice(1)]);
  },
  async revoke(ctx, user) {
    await findTenant(ctx, user.name);
    await setUser(ctx, user.name, noRules);
    await endSessions(ctx, user.name);
  },
};

export const root: NonNullable<GuestHalf['root']> = {
  async enable(ctx, password) {
    await setUser(ctx, rootName, ['reset', 'on', `#${hashPassword(password)}`, ...rootRules()]);
    await endSessions(ctx, rootName);
    return { name: rootName };
  },
  async disable(ctx) {
    await saved(ctx, [rootName], () => ask(ctx, 'ACL', 'DELUSER', rootName));
  },
  isEnabled: async (ctx) => (await find(ctx, rootName))?.enabled ?? false,
};
