/**
 * What each track can be told in a configuration group: what `describe.js` answered when the file was made, one parameter
 * a line. It is read when somebody asks.
 */

/** @typedef {import('@coffer/plugin-sdk').ParameterSpec} Spec */

/** @type {Record<string, () => Promise<{ default: unknown }>>} */
const tracks = {
  8: () => import('./catalogue/8.json', { with: { type: 'json' } }),
  9: () => import('./catalogue/9.json', { with: { type: 'json' } }),
};

export const catalogueOf = async (/** @type {string} */ track) => /** @type {readonly Spec[]} */ ((await tracks[track]?.())?.default ?? []);
export const specsOf = async (/** @type {string} */ track) => new Map((await catalogueOf(track)).map((spec) => [spec.name, spec]));
