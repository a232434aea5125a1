/**
 * The one SQL expression that yields an `InstanceDoc`: lists, look-ups, snapshots and events all use it, so that they
 * can never differ.
 */
import type { InstanceDoc } from '../domain/instance/document.ts';
import { jsonTimeSql } from './json-time.ts';
import type { Tx } from './tx.ts';

const expressionOf: Record<keyof InstanceDoc, (i: string) => string> = {
  id: (i) => `${i}.id`,
  projectId: (i) => `${i}.project_id`,
  name: (i) => `${i}.name`,
  datastore: (i) => `${i}.datastore`,
  track: (i) => `${i}.track`,
  versionId: (i) => `${i}.version_id`,
  buildId: (i) => `${i}.build_id`,
  buildVersion: (i) => `${i}.build_version`,
  flavorId: (i) => `${i}.flavor_id`,
  volumeGb: (i) => `${i}.volume_gb`,
  volumeType: (i) => `${i}.volume_type`,
  volumeUsedBytes: (i) => `${i}.volume_used_bytes`,
  hostId: (i) => `${i}.host_id`,
  region: (i) => `${i}.region`,
  zone: (i) => `${i}.zone`,
  intent: (i) => `${i}.intent`,
  status: (i) => `${i}.status`,
  role: (i) => `${i}.role`,
  conditions: (i) => `${i}.conditions`,
  endpoints: (i) => `${i}.endpoints`,
  task: (i) => `${i}.task`,
  fault: (i) => `${i}.fault`,
  capabilities: (i) => `${i}.agent->'capabilities'`,
  rootEnabledEver: (i) => `${i}.root_enabled_ever`,
  deletionProtection: (i) => `${i}.deletion_protection`,
  maintenance: (i) => `${i}.maintenance`,
  tags: (i) => `${i}.tags`,
  caCertificate: (i) => `${i}.engine_ca`,
  revision: (i) => `${i}.revision`,
  createdAt: (i) => jsonTimeSql(`${i}.created_at`),
  updatedAt: (i) => jsonTimeSql(`${i}.updated_at`),
  deletedAt: (i) => jsonTimeSql(`${i}.deleted_at`),
};

/** A JSON expression over a row of `instance` (or a CTE with its columns) under the given alias. */
export const instanceDocSql = (alias: string): string =>
  `json_build_object(${Object.entries(expressionOf).map(([key, expression]) => `'${key}',${expression(alias)}`).join(',')})`;

/** `where` speaks of the alias `i`; for instance `i.project_id = $1 order by i.id limit 20`. */
export async function selectInstanceDocs(tx: Tx, where: string, values: readonly unknown[] = []): Promise<InstanceDoc[]> {
  const rows = await tx.query<{ doc: InstanceDoc }>(`select ${instanceDocSql('i')} as doc from instance i where ${where}`, values);
  return rows.map((row) => row.doc);
}
