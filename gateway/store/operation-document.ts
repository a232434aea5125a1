/** The one SQL expression that yields an `OperationView`: steps included, outputs (which stay in the journal) not. */
import type { OperationView } from '../operations/workflow.ts';
import { jsonTimeSql } from './json-time.ts';
import type { Tx } from './tx.ts';

const expressionOf: Record<keyof OperationView, (o: string) => string> = {
  id: (o) => `${o}.id`,
  kind: (o) => `${o}.kind`,
  state: (o) => `${o}.state`,
  subjectId: (o) => `${o}.subject_id`,
  projectId: (o) => `${o}.project_id`,
  parentId: (o) => `${o}.parent_id`,
  actor: (o) => `${o}.actor`,
  step: (o) => `${o}.step`,
  progress: (o) => `${o}.progress`,
  attempt: (o) => `${o}.attempt`,
  cancellable: (o) => `${o}.cancellable`,
  fault: (o) => `${o}.fault`,
  deadline: (o) => jsonTimeSql(`${o}.deadline`),
  createdAt: (o) => jsonTimeSql(`${o}.created_at`),
  startedAt: (o) => jsonTimeSql(`${o}.started_at`),
  finishedAt: (o) => jsonTimeSql(`${o}.finished_at`),
  steps: (o) => `${o}.steps`,
};

/** A JSON expression over a row of `operation` (or a CTE with its columns) under the given alias. */
export const operationDocSql = (alias: string): string =>
  `json_build_object(${Object.entries(expressionOf).map(([key, expression]) => `'${key}',${expression(alias)}`).join(',')})`;

/** `where` speaks of the alias `o`. */
export async function selectOperationViews(tx: Tx, where: string, values: readonly unknown[] = []): Promise<OperationView[]> {
  const rows = await tx.query<{ doc: OperationView }>(`select ${operationDocSql('o')} as doc from operation o where ${where}`, values);
  return rows.map((row) => row.doc);
}
