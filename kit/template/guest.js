import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestFault } from '@coffer/plugin-sdk';
import { ask } from './ask.js';
import { isReserved } from './control.js';
import { hashOf } from './hash.js';

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */
/** @typedef {Record<string, { hash: string, madeBy: string }>} Users */

const program = fileURLToPath(new URL('./engine.js', import.meta.url));
const configFile = (/** @type {Context} */ ctx) => join(ctx.paths.config, 'engine.json');
const usersFile = (/** @type {Context} */ ctx) => join(ctx.paths.data, 'users.json');
const socketFile = (/** @type {Context} */ ctx) => join(ctx.paths.run, 's.sock');

/** Over the socket that only agent and engine may enter. */
const manage = (/** @type {Context} */ ctx, /** @type {string[]} */ ...words) =>
  ask(createConnection(socketFile(ctx)), [['LOGIN', 'coffer', ctx.managementSecret], words], ctx.signal);

/** Aside and renamed: a reader, or a repeat after a crash, sees the old file or the new one. */
async function put(/** @type {Context} */ ctx, /** @type {string} */ path, /** @type {unknown} */ content) {
  const text = JSON.stringify(content);
  if (existsSync(path) && (await readFile(path, 'utf8')) === text) return false;
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await ctx.engine.own(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
  return true;
}

const render = (/** @type {Context} */ ctx) => put(ctx, configFile(ctx), {
  host: ctx.network.bind, port: ctx.network.ports['main'], socket: socketFile(ctx), data: ctx.paths.data, tls: ctx.tls, maxValues: Number(ctx.sizing['maxValues']),
});
const reload = (/** @type {Context} */ ctx) => (ctx.engine.pid() === null ? undefined : manage(ctx, 'RELOAD'));

/** Without a prototype: any text may be a name. */
const readUsers = async (/** @type {Context} */ ctx) => /** @type {Users} */ (Object.assign(Object.create(null), JSON.parse(await readFile(usersFile(ctx), 'utf8'))));
async function changeUsers(/** @type {Context} */ ctx, /** @type {(users: Users) => void} */ change) {
  const users = await readUsers(ctx);
  try {
    change(users);
    await put(ctx, usersFile(ctx), users);
  } finally {
    // In any case: an earlier call may have been cut off between the file and the engine.
    await reload(ctx);
  }
}
function assertTenant(/** @type {string} */ name) {
  if (isReserved(name)) throw new GuestFault('REFUSED', `"${name}" is reserved`);
}

/** @type {import('@coffer/plugin-sdk').GuestHalf} */
export const guest = {
  async initialise(ctx) {
    if (existsSync(usersFile(ctx))) return;
    await ctx.engine.killLeftovers();
    // Made aside and renamed: what a crash leaves half made is never taken for data.
    const aside = `${ctx.paths.data}.new`;
    await rm(aside, { recursive: true, force: true });
    await rm(ctx.paths.data, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    await put(ctx, join(aside, 'users.json'), { coffer: { hash: hashOf(ctx.managementSecret), madeBy: '' } });
    await ctx.engine.own(aside, 0o700);
    await rename(aside, ctx.paths.data);
  },
  async start(ctx) {
    // A start that was cut off before its pid was on record left an engine that holds the port.
    if (ctx.engine.pid() === null) await ctx.engine.killLeftovers();
    await render(ctx);
    await ctx.engine.start({ command: join(ctx.paths.bin, 'node'), args: [program, configFile(ctx)], logFile: 'engine.log' });
    while ((await guest.probe(ctx)).state !== 'ok') {
      if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', (await ctx.engine.logTail(5)).join(' / ') || 'it ended at once');
      ctx.signal.throwIfAborted();
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  },
  async stop(ctx, mode) {
    if (ctx.engine.pid() === null) return;
    await ctx.engine.signal(mode === 'orderly' ? 'SIGTERM' : 'SIGKILL');
    await ctx.engine.exited(ctx.signal);
  },
  async probe(ctx) {
    if (ctx.engine.pid() === null) return { state: 'down', detail: null, version: null, managementLost: false };
    const late = AbortSignal.any([ctx.signal, AbortSignal.timeout(1_000)]);
    try {
      const version = await manage({ ...ctx, signal: late }, 'VERSION');
      return { state: 'ok', detail: null, version, managementLost: false };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (late.aborted) return { state: 'hung', detail, version: null, managementLost: false };
      // It answered, though not to us.
      if (detail === 'wrong login') return { state: 'ok', detail, version: null, managementLost: true };
      return { state: 'starting', detail, version: null, managementLost: false };
    }
  },
  async configure(ctx) {
    const changed = await render(ctx);
    if (changed) await reload(ctx);
    return { changed, restartRequired: [] };
  },
  async repair(ctx) {
    await put(ctx, usersFile(ctx), Object.assign(await readUsers(ctx), { coffer: { hash: hashOf(ctx.managementSecret), madeBy: '' } }));
    // One that forgot the management account cannot be told to read the file.
    if ((await guest.probe(ctx)).managementLost) await guest.stop(ctx, 'orderly');
    await guest.start(ctx);
  },
  resize: {
    async check(ctx, { flavor, sizing }) {
      const [count, most] = [Number(await manage(ctx, 'COUNT')), Number(sizing['maxValues'])];
      return count <= most ? [] : [{ severity: 'ERROR', subject: null, message: `there are ${count} values, and ${flavor.memoryMb} MB hold ${most}: remove some, or choose a larger flavor` }];
    },
  },
  tls: {
    async rotate(ctx) { await reload(ctx); },
  },
  users: {
    list: async (ctx) => Object.keys(await readUsers(ctx)).filter((name) => !isReserved(name)).map((name) => ({ name, grants: [] })),
    async create(ctx, { name, password }) {
      assertTenant(name);
      await changeUsers(ctx, (users) => {
        // A repeat of the same operation finds its own work; another's is not taken over.
        if (users[name] && users[name].madeBy !== ctx.operationId) throw new GuestFault('EXISTS', `there is a user "${name}" already`);
        users[name] = { hash: hashOf(password), madeBy: ctx.operationId };
      });
    },
    async update(ctx, { name }, change) {
      const target = change.name ?? name;
      assertTenant(name);
      assertTenant(target);
      await changeUsers(ctx, (users) => {
        const found = users[name] ?? (users[target]?.madeBy === ctx.operationId ? users[target] : undefined);
        if (!found) throw new GuestFault('MISSING', `there is no user "${name}"`);
        if (target !== name && users[target] && users[target].madeBy !== ctx.operationId) throw new GuestFault('EXISTS', `there is a user "${target}" already`);
        delete users[name];
        users[target] = { hash: change.password === undefined ? found.hash : hashOf(change.password), madeBy: ctx.operationId };
      });
    },
    async delete(ctx, { name }) {
      assertTenant(name);
      await changeUsers(ctx, (users) => {
        if (!users[name]) throw new GuestFault('MISSING', `there is no user "${name}"`);
        delete users[name];
      });
    },
  },
};
