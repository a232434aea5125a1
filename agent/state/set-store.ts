/**
 * Sets of values in slots: each is written once under the digest of its content, in parts that fit, and the state names
 * it. So a state stays small, and the sets it names are durable before it is.
 */
import { digestOfValues, parseValues, type ValueSet, valuesText } from '../configuration/value-set.ts';
import { entryLimitBytes, type SlotStore } from './slot-store.ts';

export interface SetReference { configuration: string; values: string }
export const referenceTo = (set: ValueSet): SetReference => ({ configuration: set.configuration, values: digestOfValues(set) });

/** Four of them are kept at most, and while a fifth comes in the place of one, beside the journal. */
export const setLimitBytes = 48 * 1024;
/** In base64, with its key, no part is larger than a slot. */
const partBytes = Math.floor((entryLimitBytes * 3) / 4) - 128;
const prefix = 'values/';
interface Part { of: number; text: string }

export const setBytes = (set: ValueSet): number => Buffer.byteLength(valuesText(set));

export interface SetStore {
  /** undefined when it is not there in whole */
  find(reference: SetReference): ValueSet | undefined;
  /** Resolves when it is durable. */
  keep(set: ValueSet): Promise<void>;
  forgetOthers(kept: readonly SetReference[]): void;
}

export function createSetStore(store: SlotStore): SetStore {
  const keyOf = (values: string, index: number): string => `${prefix}${values}/${index}`;
  const textOf = (values: string): string | undefined => {
    const parts: Buffer[] = [];
    for (let index = 0; ; index++) {
      const part = store.get(keyOf(values, index)) as Part | undefined;
      if (!part) return undefined;
      parts.push(Buffer.from(part.text, 'base64'));
      if (parts.length === part.of) return Buffer.concat(parts).toString();
    }
  };
  return {
    find({ configuration, values }) {
      const text = textOf(values);
      return text === undefined ? undefined : { ...parseValues(text), configuration };
    },
    async keep(set) {
      const { values } = referenceTo(set);
      if (textOf(values) !== undefined) return;
      const content = Buffer.from(valuesText(set));
      const of = Math.ceil(content.length / partBytes);
      for (let index = 0; index < of; index++) {
        await store.put(keyOf(values, index), { of, text: content.subarray(index * partBytes, (index + 1) * partBytes).toString('base64') } satisfies Part);
      }
    },
    forgetOthers(kept) {
      const names = new Set(kept.map(({ values }) => values));
      store.forget(store.keys().filter((key) => key.startsWith(prefix) && !names.has(key.slice(prefix.length, key.lastIndexOf('/')))));
    },
  };
}
