/**
 * Documents of instances, remembered by the version of their row: a list asks the store for versions and only then for
 * the documents that are not known yet. Making, sending and parsing twenty documents takes the store and the gateway
 * ten times as long as telling that they are the same.
 */
import { instanceDocSql } from '../../store/instance-document.ts';
import type { Tx } from '../../store/tx.ts';
import type { InstanceDoc } from './document.ts';

/** About 6 KiB each. */
const mostRemembered = 2_000;

/**
 * What identifies the state of a row. `xmin`, the transaction that wrote it, changes with every write, whoever writes;
 * the revision goes with it, should a restored store ever count transactions anew.
 */
export const versionSql = (i: string): string => `${i}.id || ':' || ${i}.revision || ':' || ${i}.xmin`;
const idOf = (version: string): string => version.slice(0, version.indexOf(':'));

export interface InstanceDocuments {
  /** In the order of the versions. One that was written again in between comes as it is now. Nobody may change them. */
  of(tx: Tx, versions: readonly string[]): Promise<InstanceDoc[]>;
}

export function createInstanceDocuments(): InstanceDocuments {
  const known = new Map<string, { version: string; doc: InstanceDoc }>();

  function remember(version: string, doc: InstanceDoc): void {
    known.delete(doc.id);
    known.set(doc.id, { version, doc });
    // The first is the one that was remembered longest ago.
    for (const [oldest] of known) if (known.size > mostRemembered) known.delete(oldest); else break;
  }

  return {
    async of(tx, versions) {
      const docs = new Map<string, InstanceDoc>();
      const missing: string[] = [];
      for (const version of versions) {
        const id = idOf(version);
        const found = known.get(id);
        if (found?.version === version) docs.set(id, found.doc);
        else missing.push(id);
      }
      if (missing.length > 0) {
        const rows = await tx.query<{ version: string; doc: string }>(
          `select ${versionSql('i')} as version, (${instanceDocSql('i')})::text as doc from instance i where i.id = any($1::text[])`, [missing]);
        for (const row of rows) {
          const doc = JSON.parse(row.doc) as InstanceDoc;
          remember(row.version, doc);
          docs.set(doc.id, doc);
        }
      }
      return versions.flatMap((version) => docs.get(idOf(version)) ?? []);
    },
  };
}
