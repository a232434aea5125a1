/** createInstance: judge, admit, and in one transaction write the row, the operation, its locks and the start event. */
import { randomBytes } from 'node:crypto';
import { catalogue, CofferError, isCofferError, notFound } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { OperationView } from '../../operations/workflow.ts';
import { isUniqueViolation, type Tx } from '../../store/tx.ts';
import type { CreateInstanceWork } from '../../operations/workflows/instance-facts.ts';
import type { Admit } from '../admit.ts';
import type { Accepted, Caller, CreateInstanceInput, UserCredentials } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { isGiven } from '../given.ts';
import { claimKey, hashInput, recordKey, type Replay } from '../idempotency.ts';
import { requireFit } from '../configuration/attach.ts';
import { requireIssueless } from '../configuration/change.ts';
import { siteIssues } from '../configuration/judge.ts';
import { findConfiguration } from '../configuration/read.ts';
import { requireAction, requireOn } from '../policy.ts';
import { resolveProject } from '../project.ts';
import { identityOf } from '../user-identity.ts';
import type { GroupRevision, InstanceDoc } from './document.ts';
import { firstEpoch, insertInstance } from './insert.ts';
import { findInstance } from './read.ts';
import { validateCreate, type ValidCreate } from './validate-create.ts';

export type Created = Accepted & { userCredentials: UserCredentials[] };
type CreateDeps = DomainDeps & { admit: Admit };
interface Made { instance: InstanceDoc; operation: OperationView }

/** What was judged is not so any more: nothing has happened, and it is judged anew. */
class Moved extends Error {}
const mostAttempts = 3;

export async function createInstance(deps: CreateDeps, caller: Caller, input: CreateInstanceInput): Promise<Created> {
  requireAction(caller, 'instance.create');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createOnce(deps, caller, input);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      if (attempt === mostAttempts) throw new CofferError('CONFLICT.STALE', 'the version of the new instance is being changed', { remedy: 'Try again.' });
      await deps.catalogue.reload();
    }
  }
}

/** The catalogue in memory may be a moment old, but never when it refuses; the insert proves that it was not when it allows. */
async function judge(deps: CreateDeps, caller: Caller, input: CreateInstanceInput): Promise<ValidCreate> {
  const look = (): Promise<ValidCreate> => validateCreate(caller, input, deps.catalogue, deps.control);
  return look().catch(async (refusal: unknown) => {
    if (!isCofferError(refusal) || catalogue[refusal.code].kind !== 'failure') throw refusal;
    await deps.catalogue.reload();
    return look();
  });
}

async function createOnce(deps: CreateDeps, caller: Caller, input: CreateInstanceInput): Promise<Created> {
  const projectId = await resolveProject(deps.store, caller, input.projectId, ['input', 'projectId']);
  const inputHash = input.idempotencyKey ? hashInput(deps.sealer, input) : '';
  const judged = await judge(deps, caller, input)
    .then(async (valid) => ({ valid, configuration: await judgeConfiguration(deps, caller, projectId, valid, input) }))
    .catch((refusal: unknown) => ({ refusal }));
  if ('refusal' in judged) {
    // A repeated request is answered as before, whatever has been restricted since.
    const earlier = input.idempotencyKey ? await deps.store.transaction((tx) => claimKey(tx, projectId, 'createInstance', input.idempotencyKey!, inputHash)) : null;
    if (earlier) return replayed(deps, caller, earlier);
    throw judged.refusal;
  }
  const { valid, configuration } = judged;
  const manifest = deps.catalogue.manifest(valid.version.datastore)!;
  const demand = { memoryMb: valid.flavor.memoryMb, volumeGb: input.volume.sizeGb, volumeType: valid.volumeType.name, ports: manifest.ports.length, zone: input.zone ?? null };
  // Before the transaction, which must not wait for a second connection; a refusal does not concern a repeated request.
  const place = await deps.admit(demand).then((host) => ({ host }), (refusal: unknown) => ({ refusal }));

  const outcome = await deps.store.transaction(async (tx): Promise<Replay | Made> => {
    if (input.idempotencyKey) {
      const earlier = await claimKey(tx, projectId, 'createInstance', input.idempotencyKey, inputHash);
      if (earlier) return earlier;
    }
    if ('refusal' in place) throw place.refusal;
    const { host } = place;
    const instanceId = newId('Instance');
    const operation = await enqueueCreate(tx, deps, caller, projectId, instanceId, host.id, valid);
    const instance = await insertInstance(tx, {
      configuration,
      id: instanceId, projectId, name: input.name, datastore: valid.version.datastore, track: valid.version.name, version: valid.version, flavorId: valid.flavor.id,
      volumeGb: input.volume.sizeGb, volumeType: valid.volumeType.name, volumeAutoscaling: input.volume.autoscaling ?? null, host, deletionProtection: input.deletionProtection ?? false, tags: input.tags ?? [],
      managementSecret: deps.sealer.seal(randomBytes(32).toString('base64url'), `instance/${instanceId}/management`),
      operation, clientAddress: caller.clientAddress, requestId: caller.requestId,
    });
    if (!instance) throw (await isThere(tx, projectId)) ? new Moved() : notFound(`project ${projectId}`);
    if (input.idempotencyKey) {
      await recordKey(tx, projectId, 'createInstance', input.idempotencyKey, inputHash, { instanceId, operationId: operation.id, userNames: valid.users.map(identityOf) });
    }
    return { instance, operation };
  }).catch((error: unknown) => {
    if (isUniqueViolation(error, 'instance')) throw new CofferError('CONFLICT.NAME_TAKEN', `an instance named "${input.name}" exists in the project`);
    throw error;
  });
  if (!('operation' in outcome)) return replayed(deps, caller, outcome);
  return { ...outcome, userCredentials: valid.users.map((u) => ({ ...identityOf(u), password: u.password })) };
}

/** Its group must be for this project and version, and its values must work on this flavor. */
async function judgeConfiguration(deps: CreateDeps, caller: Caller, projectId: string, { version, flavor }: ValidCreate, input: CreateInstanceInput): Promise<GroupRevision | null> {
  const { configurationId: id, name, volume } = input;
  if (!isGiven(id)) return null;
  const group = requireOn(caller, 'configuration.attach', `configuration ${id}`, await findConfiguration(deps.store, caller, { id }), (doc) => doc.projectId);
  requireFit(deps, { name, projectId, versionId: version.id, datastore: version.datastore, track: version.name, capabilities: null }, group);
  requireIssueless(await siteIssues(deps, group, group.values, [{ id: '', name, flavorId: flavor.id, volumeGb: volume.sizeGb, wanted: 0 }], () => ['input', 'configurationId']));
  return { id, revision: group.revision };
}

const isThere = async (tx: Tx, projectId: string): Promise<boolean> => (await tx.query('select 1 from project where id = $1 and deleted_at is null', [projectId])).length > 0;

function enqueueCreate(tx: Tx, deps: DomainDeps, caller: Caller, projectId: string, instanceId: string, hostId: string, valid: ValidCreate): Promise<OperationView> {
  const work: CreateInstanceWork = {
    instanceId, hostId, datastore: valid.version.datastore, track: valid.version.name,
    databases: valid.databases.map((d) => ({ name: d.name, characterSet: d.characterSet, collation: d.collation, options: d.options })),
    users: valid.users.map((u) => ({ ...identityOf(u), grants: u.grants })),
  };
  return deps.operations.enqueue(tx, {
    kind: 'instance.create', target: hostId, input: work, secrets: Object.fromEntries(valid.users.map((u, i) => [`user.${i}`, u.password])),
    subjectId: instanceId, lockMode: 'EXCLUSIVE', fresh: { epoch: firstEpoch }, projectId, actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId,
  });
}

async function replayed(deps: DomainDeps, caller: Caller, outcome: Replay): Promise<Created> {
  const [instance, operation] = [await findInstance(deps.store, caller, { id: outcome.instanceId }), await deps.operations.get(outcome.operationId)];
  if (!instance || !operation) throw new CofferError('CONFLICT.IDEMPOTENCY_KEY_REUSED', 'the instance made with this idempotency key is gone', { remedy: 'Use a fresh key.' });
  return { instance, operation, userCredentials: outcome.userNames.map((u) => ({ ...identityOf(u), password: null })) };
}
