import { createHash } from 'node:crypto';

/** How the engine keeps passwords. */
export const hashOf = (/** @type {string} */ password) => createHash('sha256').update(password).digest('hex');
