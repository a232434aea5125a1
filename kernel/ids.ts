/**
 * Typed, sortable ids (TypeID over UUIDv7): `inst_01j…`. The prefix tells the type, so `node(id:)` needs no look-up
 * table, and a log line can be read.
 */
import { typeidUnboxed } from 'typeid-js';

export const idPrefixes = {
  Project: 'proj', Datastore: 'ds', DatastoreVersion: 'dsv', Flavor: 'flv', VolumeType: 'vt', Instance: 'inst', Configuration: 'cfg', Operation: 'op',
  Event: 'ev', ApiToken: 'tok', Host: 'host',
} as const;
export type NodeType = keyof typeof idPrefixes;

const typeByPrefix = new Map<string, NodeType>(Object.entries(idPrefixes).map(([type, prefix]) => [prefix, type as NodeType]));

/** A fresh id: ids made later sort after ids made earlier (to the millisecond). */
export const newId = (type: NodeType): string => typeidUnboxed(idPrefixes[type]);

/** The type an id claims to be of, or undefined when it is not an id of ours at all. */
export function typeOfId(id: string): NodeType | undefined {
  const at = id.lastIndexOf('_');
  return at > 0 && /^[0-9a-hjkmnp-tv-z]{26}$/.test(id.slice(at + 1)) ? typeByPrefix.get(id.slice(0, at)) : undefined;
}
