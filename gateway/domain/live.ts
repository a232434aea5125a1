/** What subscriptions read and filter: the same documents and the same policy as lists, through the feed's own snapshot. */
import { instanceDocSql } from '../store/instance-document.ts';
import { operationDocSql } from '../store/operation-document.ts';
import type { OperationView } from '../operations/workflow.ts';
import type { Live } from './api.ts';
import { eventMatches } from './events.ts';
import type { InstanceDoc } from './instance/document.ts';
import { instanceMatches, instanceWhere } from './instance/read.ts';
import { mayDo, requireAction, seesProject } from './policy.ts';

export const live: Live = {
  async instance(caller, id, read) {
    const [row] = await read<{ doc: string }>(`select (${instanceDocSql('i')})::text as doc from instance i where i.id = $1`, [id]);
    const doc = row ? (JSON.parse(row.doc) as InstanceDoc) : null;
    return doc && seesProject(caller, doc.projectId) && (doc.deletedAt === null || mayDo(caller.role, 'instance.read-deleted')) ? doc : null;
  },
  async instances(caller, filter, limit, read) {
    if (filter.includeDeleted) requireAction(caller, 'instance.read-deleted');
    const where = instanceWhere(caller, filter);
    const rows = await read<{ doc: string }>(
      `select (${instanceDocSql('i')})::text as doc from instance i where ${where.text} order by i.id limit $${where.values.length + 1}`, [...where.values, limit]);
    return rows.map((r) => JSON.parse(r.doc) as InstanceDoc);
  },
  async operation(caller, id, read) {
    const [row] = await read<{ doc: string }>(`select (${operationDocSql('o')})::text as doc from operation o where o.id = $1`, [id]);
    const doc = row ? (JSON.parse(row.doc) as OperationView) : null;
    return doc && seesProject(caller, doc.projectId) ? doc : null;
  },
  instanceMatches,
  eventMatches: (caller, filter, event) =>
    seesProject(caller, event.project) && eventMatches(filter, { subject: event.subject, projectId: event.project, type: event.type, operationId: event.operation }),
};
