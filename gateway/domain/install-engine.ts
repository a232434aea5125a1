/** Binaries of a version come to a host: as an operation of the host, whoever begins it. */
import { CofferError } from '../../kernel/errors.ts';
import type { InstallEngineWork } from '../operations/workflows/install-engine.ts';
import type { EnqueueRequest, OperationView } from '../operations/workflow.ts';
import type { Tx } from '../store/tx.ts';
import type { Caller, InstallEngineInput } from './api.ts';
import type { DomainDeps } from './deps.ts';
import { findVersion } from './instance/validate-create.ts';
import { requireAction } from './policy.ts';

type InstallDeps = Pick<DomainDeps, 'store' | 'operations' | 'catalogue'>;

export const enqueueInstallation = ({ operations }: Pick<InstallDeps, 'operations'>, tx: Tx, by: Pick<EnqueueRequest, 'actor' | 'clientAddress' | 'requestId'>, work: InstallEngineWork): Promise<OperationView> =>
  operations.enqueue(tx, {
    kind: 'engine.install', target: work.hostId, input: work, subjectId: work.hostId, lockMode: 'SHARED', projectId: null, actor: by.actor, clientAddress: by.clientAddress, requestId: by.requestId,
  });

export async function installEngine(deps: InstallDeps, caller: Caller, input: InstallEngineInput): Promise<OperationView> {
  requireAction(caller, 'engine-build.install');
  // one that is not active, too: its binaries may come before its instances
  const version = findVersion(deps.catalogue, caller, input.datastore, input.version);
  return deps.store.transaction(async (tx) => {
    const [host] = await tx.query<{ id: string }>('select id from host order by seen_at desc limit 1');
    if (!host) throw new CofferError('ADMISSION.NO_HOST', 'no host with a compute role is known');
    return enqueueInstallation(deps, tx, caller, { hostId: host.id, datastore: version.datastore, track: version.name, refresh: input.refresh ?? false });
  });
}
