/** Coffer's own way in: a unix socket that only agent and engine may enter, and an account with a random secret. */
import { createConnection } from 'node:net';
import { GuestFault } from '@coffer/plugin-sdk';
import { managementName } from './names.js';
import { converse, EngineError } from './resp.js';

/** @typedef {import('@coffer/plugin-sdk').GuestContext} Context */

export const socketOf = (/** @type {Pick<Context, 'paths'>} */ ctx) => `${ctx.paths.run}/valkey.sock`;
const passing = new Set(['LOADING', 'BUSY', 'MISCONF', 'OOM']);

/** What the engine says, refusals thrown as they are. */
export async function manage(/** @type {Context} */ ctx, /** @type {AbortSignal} */ signal, /** @type {string[][]} */ ...commands) {
  const replies = await converse(createConnection(socketOf(ctx)), [['AUTH', managementName, ctx.managementSecret], ...commands], signal);
  for (const reply of replies) if (reply instanceof EngineError) throw reply;
  return replies.slice(1);
}

/** Told as the contract has it: the engine's word is final unless it passes, a broken connection may be tried again. */
export async function ask(/** @type {Context} */ ctx, /** @type {string[][]} */ ...commands) {
  try {
    return await manage(ctx, ctx.signal, ...commands);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isFinal = error instanceof EngineError && !passing.has(error.kind);
    throw new GuestFault(isFinal ? 'REFUSED' : 'RETRYABLE', message, { cause: error });
  }
}

/** A section of INFO as pairs. */
export async function info(/** @type {Context} */ ctx, /** @type {string} */ section) {
  const [text] = await ask(ctx, ['INFO', section]);
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const line of String(text).split('\r\n')) if (line.includes(':')) found.set(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1));
  return found;
}
