/** Values as groups have them (canonical) and as the engine's file and CONFIG have them. */
import { canonicalValue } from '@coffer/plugin-sdk';

/** @typedef {import('@coffer/plugin-sdk').ParameterSpec} Spec */

export const toEngine = (/** @type {Spec} */ spec, /** @type {string} */ value) => (spec.type !== 'BOOLEAN' ? value : value === 'true' ? 'yes' : 'no');

/** What the engine has outside a group's bounds is told as it is. */
export function fromEngine(/** @type {Spec} */ spec, /** @type {string} */ words) {
  const canonical = canonicalValue({ ...spec, min: null, max: null }, words);
  return 'value' in canonical ? canonical.value : words;
}

/** Letters of events are told back in the engine's own order, and many of them as A. */
const lettersOf = (/** @type {string} */ words) => [...new Set(words.replaceAll('A', 'g$lshzxetd'))].sort().join('');

export const isSame = (/** @type {Spec} */ spec, /** @type {string} */ one, /** @type {string} */ other) =>
  (spec.name === 'notify-keyspace-events' ? lettersOf(one) === lettersOf(other) : fromEngine(spec, one) === fromEngine(spec, other));

const limits = String.raw`\d{1,15} \d{1,15} \d{1,9}`;
/** With less, what Coffer asks the engine would end its connection. */
const ours = String.raw`(0|\d{7,15}) (0|\d{7,15}) \d{1,9}`;
const percentile = String.raw`\d{1,3}(\.\d+)?`;
/** Of several words, in the one form in which the engine tells them back. */
const forms = new Map([
  ['save', { form: /^([1-9]\d{0,8} \d{1,9}( [1-9]\d{0,8} \d{1,9})*)?$/, says: 'pairs of seconds and changes (3600 1 300 100), or empty for no snapshots' }],
  ['client-output-buffer-limit', { form: new RegExp(`^normal ${ours} slave ${limits} pubsub ${limits}$`), says: 'all three classes, with sizes in bytes, of normal at least 1000000: normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60' }],
  ['latency-tracking-info-percentiles', { form: new RegExp(`^(${percentile}( ${percentile})*)?$`), says: 'percentiles from 0 to 100: 50 99 99.9' }],
]);

/** The end of a sentence that begins with the parameter's name; undefined: it is right. */
export function problemOf(/** @type {string} */ name, /** @type {string} */ value) {
  const known = forms.get(name);
  return known && !known.form.test(value) ? `must be ${known.says}` : undefined;
}
