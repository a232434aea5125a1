/** A group beside another, beside one of its revisions, beside what an engine has; and what an engine has, with its reasons. */
import { CofferError, invalidInput } from '../../../kernel/errors.ts';
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';
import type { Caller, Configurations } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import type { InstanceDoc } from '../instance/document.ts';
import { findInstance } from '../instance/read.ts';
import { requireCapability } from '../instance/validate-create.ts';
import { requireOn, type Action } from '../policy.ts';
import { diffValues, diffWithLive, type LiveDifference } from './diff.ts';
import type { ConfigurationDoc } from './document.ts';
import { effectiveParameters } from './effective.ts';
import type { Live } from './import-values.ts';
import { placeOf } from './judge.ts';
import { findConfiguration } from './read.ts';
import { readRevision } from './rows.ts';
import { evaluateValues } from './values.ts';

/** Of live reads: they must not hold a page for longer. */
const readTimeoutMs = 5_000;

export function createComparisons(deps: DomainDeps): Pick<Configurations, 'diff' | 'effectiveParameters'> {
  return {
    async diff(caller, group, to) {
      if ('instanceId' in to) return diffWithInstance(deps, caller, group, to.instanceId);
      const other = 'revision' in to ? await readRevision(deps.store, group.id, to.revision)
        : requireOn(caller, 'configuration.read', `configuration ${to.configurationId}`, await findConfiguration(deps.store, caller, { id: to.configurationId }), (doc) => doc.projectId);
      return diffValues(group.values, other.values).map((difference) => ({ ...difference, pending: null }));
    },
    async effectiveParameters(caller, instanceId, search) {
      const { catalogue, live } = await readLive(deps, caller, 'configuration.read', instanceId);
      const all = effectiveParameters(catalogue, { sizing: live.sizing, group: live.group, live: live.parameters });
      const wanted = search?.trim().toLowerCase() ?? '';
      return wanted === '' ? all : all.filter(({ name }) => name.toLowerCase().includes(wanted));
    },
  };
}

/** The group as it would be on that instance, whether it has it or not. */
async function diffWithInstance(deps: DomainDeps, caller: Caller, group: ConfigurationDoc, instanceId: string): Promise<LiveDifference[]> {
  const { instance, catalogue, live } = await readLive(deps, caller, 'configuration.read', instanceId);
  if (instance.versionId !== group.versionId) throw invalidInput([{ path: ['to', 'instanceId'], message: `${instance.name} is ${instance.datastore} ${instance.track}, and the configuration is for ${group.datastore} ${group.track}` }]);
  const { parameters, problems } = evaluateValues(catalogue, group.values, await placeOf(deps, instance));
  if (problems.length > 0) throw invalidInput(problems.map(({ name, message }) => ({ path: ['to', 'instanceId'], message: `${name} ${message}` })));
  return diffWithLive(catalogue, parameters, live.parameters);
}

/** What the instance's engine has now. */
export async function readLive(deps: DomainDeps, caller: Caller, action: Action, id: string): Promise<{ instance: InstanceDoc; catalogue: readonly ParameterSpec[]; live: Live }> {
  const instance = requireOn(caller, action, `instance ${id}`, await findInstance(deps.store, caller, { id }), (doc) => (doc.deletedAt ? null : doc.projectId));
  requireCapability(deps.catalogue.instanceVersion(instance.versionId)!, 'CONFIGURATION');
  if (instance.capabilities && !instance.capabilities.includes('CONFIGURATION')) {
    throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${instance.name} has no CONFIGURATION`, { details: { capability: 'CONFIGURATION' } });
  }
  const [{ specs: catalogue }, live] = await Promise.all([deps.parameters.parametersOf(instance.datastore, instance.track), deps.agents.readParameters(id, { signal: AbortSignal.timeout(readTimeoutMs) })]);
  return { instance, catalogue, live };
}
