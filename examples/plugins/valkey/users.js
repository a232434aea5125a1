/** Tenants' accounts. Passwords reach the engine as SHA-256; what changes is in the file before it counts. */
import { GuestFault } from '@coffer/plugin-sdk';
import { hashOf } from './files.js';
import { ask } from './management.js';
import { isReserved } from './names.js';

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */

/** All data; nothing that reaches the host, other machines, other accounts or the run state that Coffer keeps. */
const rules = ['~*', '&*', '+@all', '-@admin', '-@dangerous', '+keys', '+sort', '+info', '+flushdb', '+flushall', '-migrate', '-shutdown', '-monitor'];

/** @returns {Promise<Map<string, string[]>>} name → words of its line */
async function readUsers(/** @type {Context} */ ctx) {
  const [lines] = await ask(ctx, ['ACL', 'LIST']);
  return new Map(/** @type {string[]} */ (lines).map((line) => line.split(' ')).map(([, name = '', ...words]) => [name, words]));
}
const hashesOf = (/** @type {string[]} */ words) => words.filter((word) => word.startsWith('#'));
function assertTenant(/** @type {string} */ name) {
  if (isReserved(name)) throw new GuestFault('REFUSED', `"${name}" is reserved`);
}
const setUser = (/** @type {string} */ name, /** @type {string[]} */ hashes) => ['ACL', 'SETUSER', name, 'reset', 'on', ...hashes, ...rules];

/** @type {NonNullable<import('@coffer/plugin-sdk').GuestHalf['users']>} */
export const users = {
  list: async (ctx) => [...(await readUsers(ctx)).keys()].filter((name) => !isReserved(name)).map((name) => ({ name, grants: [{ database: null, privileges: [] }] })),
  async create(ctx, { name, password }) {
    assertTenant(name);
    const found = (await readUsers(ctx)).get(name);
    // A repeat finds its own work by the password it brings.
    if (found && !found.includes(`#${hashOf(password)}`)) throw new GuestFault('EXISTS', `there is a user "${name}" already`);
    await ask(ctx, setUser(name, [`#${hashOf(password)}`]), ['ACL', 'SAVE']);
  },
  async update(ctx, { name }, change) {
    const target = change.name ?? name;
    assertTenant(name);
    assertTenant(target);
    const all = await readUsers(ctx);
    // There is no rename: the new one is made, then the old one removed. A repeat may find the new one alone.
    const source = all.get(name) ?? (target === name ? undefined : all.get(target));
    if (!source) throw new GuestFault('MISSING', `there is no user "${name}"`);
    const hashes = change.password === undefined ? hashesOf(source) : [`#${hashOf(change.password)}`];
    const other = target === name || !all.has(name) ? undefined : all.get(target);
    if (other && hashesOf(other).join() !== hashes.join()) throw new GuestFault('EXISTS', `there is a user "${target}" already`);
    await ask(ctx, setUser(target, hashes), ...(target === name ? [] : [['ACL', 'DELUSER', name]]), ['ACL', 'SAVE'], ['CLIENT', 'KILL', 'USER', target]);
  },
  async delete(ctx, { name }) {
    assertTenant(name);
    const [removed] = await ask(ctx, ['ACL', 'DELUSER', name], ['ACL', 'SAVE']);
    if (removed === 0) throw new GuestFault('MISSING', `there is no user "${name}"`);
  },
};
