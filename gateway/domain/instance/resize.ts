/** Another flavor for an instance: what can be known beforehand is refused here; the engine is asked by the operation. */
import { catalogue as errors, CofferError, invalidInput, isCofferError, notFound } from '../../../kernel/errors.ts';
import type { ResizeWork } from '../../operations/workflows/resize-instance.ts';
import type { Tx } from '../../store/tx.ts';
import { memoryRefusalOf } from '../admission.ts';
import type { Accepted, Caller, FlavorDoc, VersionDoc } from '../api.ts';
import { requireIssueless } from '../configuration/change.ts';
import { siteIssues } from '../configuration/judge.ts';
import { readRevision } from '../configuration/rows.ts';
import type { DomainDeps } from '../deps.ts';
import { readHostLoads } from '../host-load.ts';
import { requireOn } from '../policy.ts';
import type { InstanceRow } from './change.ts';
import type { InstanceDoc } from './document.ts';
import { accept, requireBuilt } from './lifecycle.ts';
import { findInstance } from './read.ts';
import { flavorIssues, requireCapability } from './validate-create.ts';

const mostAttempts = 3;

/** The instance is not any more what was judged: nothing has happened. */
class Moved extends Error {}

export interface ResizeInput { instanceId: string; flavor: string }

export async function resizeInstance(deps: DomainDeps, caller: Caller, input: ResizeInput): Promise<Accepted> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await resizeOnce(deps, caller, input);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      if (attempt === mostAttempts) throw new CofferError('CONFLICT.STALE', 'the instance is being changed', { remedy: 'Try again.' });
    }
  }
}

async function resizeOnce(deps: DomainDeps, caller: Caller, { instanceId, flavor: wanted }: ResizeInput): Promise<Accepted> {
  const instance = requireOn(caller, 'instance.resize', `instance ${instanceId}`, await findInstance(deps.store, caller, { id: instanceId }), (doc) => (doc.deletedAt ? null : doc.projectId));
  const flavor = await judge(deps, instance, wanted);
  await requireFittingGroup(deps, instance, flavor);
  return accept(deps, caller, 'instance.resize', 'instance.resize', instanceId, {
    check: requireBuilt,
    async prepare(tx, row) {
      if (!isAsJudged(row, instance)) throw new Moved();
      requireDifference(row, flavor);
      await requireRoom(tx, deps, row, flavor);
      const input: Pick<ResizeWork, 'from' | 'to'> = { from: row.flavor_id, to: flavor.id };
      return { patch: {}, input };
    },
  });
}

const isAsJudged = (row: InstanceRow, doc: InstanceDoc): boolean =>
  row.flavor_id === doc.flavorId && row.version_id === doc.versionId && row.volume_gb === doc.volumeGb
  && row.configuration_id === (doc.configuration?.id ?? null) && row.configuration_revision === (doc.configuration?.revision ?? null);

/** The catalogue in memory may be a moment old, but never when it refuses; the operation proves that it was not when it allows. */
async function judge(deps: DomainDeps, instance: InstanceDoc, wanted: string): Promise<FlavorDoc> {
  try {
    return judgeFlavor(deps, instance, wanted);
  } catch (refusal) {
    if (!isCofferError(refusal) || errors[refusal.code].kind !== 'failure') throw refusal;
    await deps.catalogue.reload();
    return judgeFlavor(deps, instance, wanted);
  }
}

function judgeFlavor({ catalogue }: DomainDeps, instance: InstanceDoc, wanted: string): FlavorDoc {
  const version = catalogue.instanceVersion(instance.versionId);
  if (!version) throw notFound(`version ${instance.track} of ${instance.datastore}`);
  requireResize(version, instance);
  const flavor = catalogue.flavor(wanted);
  if (!flavor) throw notFound(`flavor ${wanted}`);
  const issues = flavorIssues(catalogue, version, flavor);
  if (issues.length > 0) throw invalidInput(issues);
  return flavor;
}

/** An operation that did not succeed may have left limits or values of another one: then there is something to do. */
function requireDifference(row: InstanceRow, flavor: FlavorDoc): void {
  if (flavor.id !== row.flavor_id || row.fault !== null || row.wanted_flavor_id !== null) return;
  throw new CofferError('PRECONDITION.STATE', `instance ${row.name} has the flavor ${flavor.name}`, { remedy: 'There is nothing to resize: name another flavor.' });
}

function requireResize(version: VersionDoc, { name, capabilities }: Pick<InstanceDoc, 'name' | 'capabilities'>): void {
  requireCapability(version, 'RESIZE');
  if (capabilities && !capabilities.includes('RESIZE')) throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${name} has no RESIZE`, { details: { capability: 'RESIZE' } });
}

/** Its group's formulas are evaluated for the new flavor, and its values judged together. */
async function requireFittingGroup(deps: DomainDeps, { id, name, datastore, track, volumeGb, configuration }: InstanceDoc, flavor: FlavorDoc): Promise<void> {
  if (!configuration) return;
  const { values } = await readRevision(deps.store, configuration.id, configuration.revision);
  requireIssueless(await siteIssues(deps, { datastore, track }, values, [{ id, name, flavorId: flavor.id, volumeGb, wanted: configuration.revision }], () => ['input', 'flavor']));
}

/** A first look: the `reserve` step promises. */
async function requireRoom(tx: Tx, deps: DomainDeps, row: InstanceRow, flavor: FlavorDoc): Promise<void> {
  const before = deps.catalogue.instanceFlavor(row.flavor_id);
  const moreMb = before ? flavor.memoryMb - before.memoryMb : 0;
  if (moreMb <= 0) return;
  const [load] = await readHostLoads(tx, deps.enginePorts, { hostId: row.host_id });
  const refusal = load ? memoryRefusalOf(load, moreMb, deps.reserve) : null;
  if (refusal) throw refusal;
}
