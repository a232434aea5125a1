/** A group comes to an instance, or leaves it. Each is an operation of the instance; what it is to run is told at once. */
import { CofferError, invalidInput } from '../../../kernel/errors.ts';
import type { ConfigureWork } from '../../operations/workflows/configure-instance.ts';
import type { Tx } from '../../store/tx.ts';
import type { Accepted, Caller, Configurations } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { groupOf, type InstanceRow } from '../instance/change.ts';
import type { GroupRevision, InstanceDoc } from '../instance/document.ts';
import { accept, requireBuilt } from '../instance/lifecycle.ts';
import { findInstance } from '../instance/read.ts';
import { requireCapability } from '../instance/validate-create.ts';
import { requireOn } from '../policy.ts';
import { requireIssueless, requireUnheld } from './change.ts';
import type { ConfigurationDoc } from './document.ts';
import { siteIssues } from './judge.ts';
import { appliedOf, findConfiguration } from './read.ts';
import { lockConfiguration } from './rows.ts';

type Attachments = Pick<Configurations, 'attach' | 'detach'>;
const mostAttempts = 3;

/** The group is not any more what was judged: nothing has happened. */
class Moved extends Error {}

export function createAttachments(deps: DomainDeps): Attachments {
  return {
    async attach(caller, input) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await attachOnce(deps, caller, input);
        } catch (error) {
          if (!(error instanceof Moved)) throw error;
          if (attempt === mostAttempts) throw new CofferError('CONFLICT.STALE', 'the configuration is being changed', { remedy: 'Try again.' });
        }
      }
    },
    detach: (caller, { instanceId }) => accept(deps, caller, 'configuration.detach', 'instance.configure', instanceId, {
      async prepare(tx, row) {
        requireBuilt(row);
        const before = groupOf(row);
        // One that its engine has and that it was not to have in the end: of an attaching that could not be undone.
        const isLeft = appliedOf(row.observation?.configuration) !== null;
        if (!before && !isLeft) throw new CofferError('PRECONDITION.STATE', `instance ${row.name} has no configuration attached`, { remedy: 'There is nothing to detach.' });
        if (before) await requireUnheld(tx, await lockConfiguration(tx, caller, 'configuration.detach', before.id, 'share'));
        return changeTo(null, before);
      },
    }),
  };
}

const changeTo = (configuration: GroupRevision | null, before: GroupRevision | null): { patch: object; input: Pick<ConfigureWork, 'configuration' | 'before'> } => ({
  patch: { configuration_id: configuration?.id ?? null, configuration_revision: configuration?.revision ?? null }, input: { configuration, before },
});

async function attachOnce(deps: DomainDeps, caller: Caller, input: { configurationId: string; instanceId: string; replace?: boolean | null | undefined }): Promise<Accepted> {
  const { configurationId, instanceId } = input;
  const instance = requireOn(caller, 'configuration.attach', `instance ${instanceId}`, await findInstance(deps.store, caller, { id: instanceId }), (doc) => (doc.deletedAt ? null : doc.projectId));
  const group = requireOn(caller, 'configuration.attach', `configuration ${configurationId}`, await findConfiguration(deps.store, caller, { id: configurationId }), (doc) => doc.projectId);
  requireFit(deps, instance, group);
  requireIssueless(await siteIssues(deps, group, group.values, [{ id: instance.id, name: instance.name, flavorId: instance.flavorId, volumeGb: instance.volumeGb, wanted: 0 }], () => ['input', 'configurationId']));
  const wanted: GroupRevision = { id: group.id, revision: group.revision };

  return accept(deps, caller, 'configuration.attach', 'instance.configure', instanceId, {
    async prepare(tx, row) {
      requireBuilt(row);
      const before = groupOf(row);
      if (before && before.id !== group.id && !input.replace) await refuseSecond(tx, row, before);
      const now = await lockConfiguration(tx, caller, 'configuration.attach', group.id, 'share');
      if (now.revision !== group.revision || row.version_id !== group.versionId) throw new Moved();
      await requireUnheld(tx, now);
      if (before && before.id !== group.id) await requireUnheld(tx, await lockConfiguration(tx, caller, 'configuration.detach', before.id, 'share'));
      return changeTo(wanted, before);
    },
  });
}

async function refuseSecond(tx: Tx, row: InstanceRow, before: GroupRevision): Promise<never> {
  const [other] = await tx.query<{ name: string }>('select name from configuration where id = $1', [before.id]);
  throw new CofferError('CONFLICT.IN_USE', `instance ${row.name} has the configuration ${other?.name ?? before.id}`, { remedy: 'Detach that one first, or have it replaced: `replace: true`, `--replace`.' });
}

/** Refuses what would never work, before anything changes. */
export function requireFit(deps: Pick<DomainDeps, 'catalogue'>, instance: Pick<InstanceDoc, 'name' | 'projectId' | 'versionId' | 'datastore' | 'track' | 'capabilities'>, group: ConfigurationDoc): void {
  const path = ['input', 'configurationId'];
  if (group.projectId !== instance.projectId) throw invalidInput([{ path, message: `configuration ${group.name} belongs to another project than ${instance.name}` }]);
  if (group.versionId !== instance.versionId) {
    throw invalidInput([{ path, message: `configuration ${group.name} is for ${group.datastore} ${group.track}, and ${instance.name} is ${instance.datastore} ${instance.track}` }]);
  }
  const version = deps.catalogue.instanceVersion(group.versionId);
  if (version) requireCapability(version, 'CONFIGURATION');
  if (instance.capabilities && !instance.capabilities.includes('CONFIGURATION')) {
    throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${instance.name} has no CONFIGURATION`, { details: { capability: 'CONFIGURATION' } });
  }
}
