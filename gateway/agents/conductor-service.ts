/** Renewal and engine certificates: unary calls of agents that already have an identity. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import type { EnrolRequest, EnrolResponse, IssueEngineCertificateRequest, IssueEngineCertificateResponse, RenewRequest, RenewResponse } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Pki } from '../pki/pki.ts';
import type { Store } from '../store/tx.ts';
import { requireAgent } from './peer.ts';
import type { AgentRecords } from './records.ts';
import { StatusError, toStatus } from './status-error.ts';

export interface ServiceDeps { store: Store; pki: Pki; clock: Clock; log: Log; records: AgentRecords; advertiseHost: string }

/** Adapts an async function to a unary handler; what is thrown becomes a status without our insides in it. */
export const unary = <Request, Response>(log: Log, handle: (call: Parameters<handleUnaryCall<Request, Response>>[0]) => Promise<Response>): handleUnaryCall<Request, Response> =>
  (call, callback) => {
    handle(call).then((response) => callback(null, response), (error: unknown) => {
      const answer = toStatus(error);
      if (answer.code === status.INTERNAL) log.error({ error: String(error), path: call.getPath() }, 'a call of an agent failed');
      else log.info({ path: call.getPath(), code: status[answer.code], details: answer.details }, 'a call of an agent was refused');
      callback(answer);
    });
  };

export const createEnrol = (deps: ServiceDeps): handleUnaryCall<EnrolRequest, EnrolResponse> => unary(deps.log, async (call) => {
  const { instanceId, token, csr } = call.request;
  await requireInstance(deps.store, instanceId);
  const issued = await deps.pki.enrol(instanceId, token, csr);
  // One answer for every way a token can be bad: it tells a guesser nothing.
  if (!issued) throw new StatusError(status.PERMISSION_DENIED, 'the enrolment token is not valid for this instance: unknown, expired, or used already');
  deps.log.info({ instanceId, serial: issued.serial }, 'an agent enrolled');
  return { certificateChain: issued.certificateChain, identityCa: issued.bundle };
});

export const createRenew = (deps: ServiceDeps): handleUnaryCall<RenewRequest, RenewResponse> => unary(deps.log, async (call) => {
  const { instanceId } = await requireAgent(call, deps);
  await requireInstance(deps.store, instanceId);
  const issued = await deps.pki.renew(instanceId, call.request.csr);
  return { certificateChain: issued.certificateChain, identityCa: issued.bundle };
});

export const createIssueEngineCertificate = (deps: ServiceDeps): handleUnaryCall<IssueEngineCertificateRequest, IssueEngineCertificateResponse> => unary(deps.log, async (call) => {
  const { instanceId } = await requireAgent(call, deps);
  const { endpoints } = await requireInstance(deps.store, instanceId);
  const hosts = endpoints.length > 0 ? endpoints.map((endpoint) => endpoint.host) : [deps.advertiseHost];
  const issued = await deps.pki.issueEngineCertificate(instanceId, call.request.csr, hosts);
  await deps.records.setEngineCa(instanceId, issued.bundle);
  return { certificateChain: issued.certificateChain, engineCa: issued.bundle };
});

async function requireInstance(store: Store, instanceId: string): Promise<{ endpoints: { host: string }[] }> {
  const [row] = await store.query<{ endpoints: { host: string }[]; deleted: boolean }>('select endpoints, deleted_at is not null as deleted from instance where id = $1', [instanceId]);
  if (!row || row.deleted) throw new StatusError(status.NOT_FOUND, 'the instance does not exist any more');
  return row;
}
