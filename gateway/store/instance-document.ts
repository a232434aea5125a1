/**
 * An instance's document, an `InstanceDoc`, is a column that a trigger keeps (prisma/migrations, "instance_document"):
 * lists, look-ups, snapshots and events all read it, so that they can never differ.
 */
import type { InstanceDoc } from '../domain/instance/document.ts';
import type { Tx } from './tx.ts';

/** A JSON expression over a row of `instance` (or a CTE with its columns) under the given alias. */
export const instanceDocSql = (alias: string): string => `${alias}.document`;

/** `where` speaks of the alias `i`; for instance `i.project_id = $1 order by i.id limit 20`. */
export async function selectInstanceDocs(tx: Tx, where: string, values: readonly unknown[] = []): Promise<InstanceDoc[]> {
  const rows = await tx.query<{ doc: InstanceDoc }>(`select ${instanceDocSql('i')} as doc from instance i where ${where}`, values);
  return rows.map((row) => row.doc);
}
