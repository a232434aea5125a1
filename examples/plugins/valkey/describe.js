/**
 * What Valkey tells of its parameters. It has no list of them: names and defaults are those of a server without any
 * configuration, started for this; kinds and bounds are in its words about values that it refuses.
 */
import { createConnection } from 'node:net';
import { pairsOf, quote } from './files.js';
import { remarkOn } from './remarks.js';
import { converse, EngineError } from './resp.js';
import { fromEngine } from './values.js';

const toolTimeoutMs = 60_000;
const lookEveryMs = 20;

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */
/** @typedef {import('@coffer/plugin-sdk').ParameterSpec} Spec */
/** @typedef {(value: string) => Promise<string | null>} Try what the engine says of a value; null: it takes it */

/** Names of before, which mean the same as these. */
const formerly = new Map([['lua-time-limit', 'busy-reply-threshold'], ['masterauth', 'primaryauth'], ['masteruser', 'primaryuser'],
  ['slowlog-log-slower-than', 'commandlog-execution-slower-than'], ['slowlog-max-len', 'commandlog-slow-execution-max-len']]);
const primaryOf = (/** @type {string} */ name) => formerly.get(name) ?? name.replace('slaves', 'replicas').replace('slave', 'replica').replace('ziplist', 'listpack').replaceAll('_', '-');
/** What the bare server is told for our sake, and where it stands: no defaults. */
const ours = new Set(['port', 'unixsocket', 'dir']);
/** Who knows it can make the engine slow with keys of his choice: it is told to nobody. */
const secret = 'hash-seed';

/** @returns {Promise<Spec[]>} */
export async function describe(/** @type {Context} */ ctx) {
  const socket = `${ctx.paths.run}/bare.sock`;
  const run = (/** @type {string} */ stdin) => ctx.engine.run({ command: `${ctx.paths.bin}/valkey-server`, args: ['-'], stdin, cwd: ctx.paths.run, timeoutMs: toolTimeoutMs });
  const asks = (/** @type {string[][]} */ ...commands) => converse(createConnection(socket), commands, ctx.signal);
  let hasEnded = false;
  const server = run(`port 0\nunixsocket ${socket}\n`).catch(() => {}).then(() => { hasEnded = true; });
  while (!(await asks(['PING']).then(() => true, () => false))) {
    if (hasEnded) throw new Error('the engine does not start without a configuration');
    await new Promise((resolve) => { setTimeout(resolve, lookEveryMs); });
  }
  try {
    const values = pairsOf((await asks(['CONFIG', 'GET', '*']))[0]);
    const names = [...values.keys()].filter((name) => name !== secret && (primaryOf(name) === name || values.get(primaryOf(name)) !== values.get(name))).sort();
    const found = [];
    for (const name of names) {
      /** Put back at once: with a password, say, it would let nobody in again. @type {Try} */
      const live = async (value) => {
        const [reply] = await asks(['CONFIG', 'SET', name, value], ['CONFIG', 'SET', name, values.get(name) ?? '']);
        if (reply instanceof EngineError && reply.kind !== 'ERR') throw reply;
        return reply instanceof EngineError ? reply.message : null;
      };
      const isFixed = /can't set (immutable|protected) config/.test((await live('no such value~')) ?? '');
      /** The last line is one that no server starts with. @type {Try} */
      const parsed = async (value) => /at line 1\n>>> .*\n(.*)/.exec((await run(`${name} ${quote(value)}\n"`)).stderr)?.[1] ?? null;
      const spec = { name, ...(await kindOf(isFixed ? parsed : live)), default: null, apply: /** @type {Spec['apply']} */ (isFixed ? 'RESTART' : 'LIVE'), description: '' };
      const usual = ours.has(name) ? null : fromEngine(spec, values.get(name) ?? '');
      const { type, unit, min, max, allowed, apply, description, owned, warning } = { ...spec, ...remarkOn(name) };
      found.push({ name, type, unit, default: usual, min, max, allowed, apply, description, ...(owned === undefined ? {} : { owned }), ...(warning === undefined ? {} : { warning }) });
    }
    return found;
  } finally {
    await asks(['SHUTDOWN', 'NOSAVE']).catch(() => {});
    await server;
  }
}

/** @returns {Promise<Pick<Spec, 'type' | 'unit' | 'min' | 'max' | 'allowed'>>} */
async function kindOf(/** @type {Try} */ refusalOf) {
  const refusal = (await refusalOf('nosuchvalue~')) ?? '';
  /** @type {{ type: 'STRING', unit: null, min: null, max: null, allowed: null }} */
  const plain = { type: 'STRING', unit: null, min: null, max: null, allowed: null };
  if (/must be 'yes' or 'no'/.test(refusal)) return { ...plain, type: 'BOOLEAN' };
  const choices = /must be one of the following: (.+)/.exec(refusal)?.[1];
  if (choices !== undefined) return { ...plain, type: 'ENUM', allowed: choices.split(', ') };
  if (/into an integer/.test(refusal)) return { ...plain, type: 'INTEGER', ...(await boundsOf(refusalOf, '-9223372036854775808', '9223372036854775807')) };
  // One that may also be a share in percent is a size here: what is a share of a flavor a formula says.
  if (/memory or percent value/.test(refusal)) return { ...plain, type: 'INTEGER', unit: 'B', min: 0, max: Number.MAX_SAFE_INTEGER };
  if (/memory value/.test(refusal)) return { ...plain, type: 'INTEGER', unit: 'B', ...(await boundsOf(refusalOf, '0', '18446744073709551615')) };
  return plain;
}

/** As far as a number is exact. */
const exactly = (/** @type {string} */ digits) => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(digits)));

async function boundsOf(/** @type {Try} */ refusalOf, /** @type {string} */ lowest, /** @type {string} */ highest) {
  for (const value of [lowest, highest]) {
    const [, min, max] = /between (-?\d+) and (-?\d+) inclusive/.exec((await refusalOf(value)) ?? '') ?? [];
    if (min !== undefined && max !== undefined) return { min: exactly(min), max: exactly(max) };
  }
  return { min: exactly(lowest), max: exactly(highest) };
}
