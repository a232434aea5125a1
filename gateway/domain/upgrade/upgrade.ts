/** Another version, or a newer build of its own: what can be known beforehand is refused beforehand; the rest is an operation. */
import { CofferError, invalidInput, notFound } from '../../../kernel/errors.ts';
import type { ListedBuild } from '../../../strategies/spi/compute.ts';
import type { Finding } from '../../../strategies/spi/guest.ts';
import type { CheckUpgradeWork, UpgradeWork } from '../../operations/workflows/upgrade-instance.ts';
import type { VersionRolloutWork } from '../../operations/workflows/version-rollout.ts';
import { isFinished, type OperationView } from '../../operations/workflow.ts';
import type { Catalogue, Caller, RolloutUpgradeInput, UpgradeAnswer, UpgradeInput, VersionDoc } from '../api.ts';
import { flavorsFor } from '../catalogue/flavors-for.ts';
import { lockConfiguration } from '../configuration/rows.ts';
import { requireUnheld } from '../configuration/change.ts';
import type { DomainDeps } from '../deps.ts';
import { groupOf, type InstanceRow } from '../instance/change.ts';
import type { InstanceDoc } from '../instance/document.ts';
import { accept, requireBuilt } from '../instance/lifecycle.ts';
import { findInstance } from '../instance/read.ts';
import { findVersion, requireCapability } from '../instance/validate-create.ts';
import { requireAction, requireOn, seesVersion } from '../policy.ts';
import type { UpgradeCheck } from './judge.ts';
import { mapConfiguration, requireSameGroup } from './mapping.ts';
import { isNewer, newerThan, newestBuild } from './newer-build.ts';

export type UpgradeDeps = DomainDeps & { listBuilds(): Promise<ListedBuild[] | null> };

export async function upgradeInstance(deps: UpgradeDeps, caller: Caller, input: UpgradeInput): Promise<UpgradeAnswer> {
  const { instanceId } = input;
  const instance = requireOn(caller, 'instance.upgrade', `instance ${instanceId}`, await findInstance(deps.store, caller, { id: instanceId }), (doc) => (doc.deletedAt ? null : doc.projectId));
  const to = await targetOf(deps, caller, instance, input.version);
  const { group, findings } = await mapConfiguration(deps, caller, instance, to, input.configuration ?? null);
  const target = { versionId: to.id, track: to.name };
  if (input.dryRun) return checkUpgrade(deps, caller, instance, target, findings);

  const accepted = await accept(deps, caller, 'instance.upgrade', 'instance.upgrade', instanceId, {
    async prepare(tx, row) {
      requireBuilt(row);
      requireSame(instance, row);
      const before = groupOf(row);
      requireSameGroup(instance, before);
      if ((await tx.query('select 1 from datastore_version where id = $1 and removed_at is null for key share', [to.id])).length === 0) throw notFound(`version ${to.name} of ${to.datastore}`);
      if (before) await requireUnheld(tx, await lockConfiguration(tx, caller, 'configuration.detach', before.id, 'share'));
      if (group && group.made === null && group.id !== before?.id) {
        const now = await lockConfiguration(tx, caller, 'configuration.attach', group.id, 'share');
        if (now.revision !== group.revision) throw new CofferError('CONFLICT.STALE', `configuration ${now.name} was changed meanwhile`, { remedy: 'Try again.' });
        await requireUnheld(tx, now);
      }
      const work: Omit<UpgradeWork, 'instanceId' | 'hostId' | 'datastore' | 'track'> = {
        from: { versionId: row.version_id, track: row.track, buildId: row.build_id! }, to: target, configuration: group, before, known: findings, intent: row.intent,
      };
      return { patch: {}, input: work };
    },
  });
  return { ...accepted, findings, estimate: null };
}

function requireSame(judged: InstanceDoc, row: InstanceRow): void {
  if (row.build_id === judged.buildId && row.version_id === judged.versionId && row.flavor_id === judged.flavorId) return;
  throw new CofferError('CONFLICT.STALE', `instance ${row.name} was changed meanwhile`, { remedy: 'Try again.' });
}

/** Its answer is that of the check, waited for here. */
async function checkUpgrade(deps: UpgradeDeps, caller: Caller, instance: InstanceDoc, to: CheckUpgradeWork['to'], known: Finding[]): Promise<UpgradeAnswer> {
  const accepted = await accept(deps, caller, 'instance.upgrade', 'instance.check-upgrade', instance.id, {
    async prepare(_tx, row) {
      requireBuilt(row);
      requireSame(instance, row);
      if (row.intent !== 'RUNNING') throw new CofferError('PRECONDITION.STATE', `instance ${row.name} is stopped, and the check asks the running engine`, { remedy: 'Start it first. An upgrade itself does that.' });
      return { patch: {}, input: { to, known } };
    },
  });
  const ended = await deps.operations.waitForEnd(accepted.operation.id, deps.inlineWaitMs);
  const found = ended.outputs['check'] as UpgradeCheck | undefined;
  return {
    instance: (await findInstance(deps.store, caller, { id: instance.id })) ?? accepted.instance, operation: ended,
    findings: isFinished(ended.state) && found ? found.findings : null, estimate: found?.estimate ?? null,
  };
}

async function targetOf(deps: UpgradeDeps, caller: Caller, instance: InstanceDoc, wanted: string): Promise<VersionDoc> {
  const path = ['input', 'version'];
  const from = deps.catalogue.instanceVersion(instance.versionId);
  if (!from) throw new CofferError('RESOURCE.NOT_FOUND', `the plugin of ${instance.datastore} is not loaded`);
  requireCapability(from, 'UPGRADE');
  if (instance.capabilities && !instance.capabilities.includes('UPGRADE')) throw new CofferError('CAPABILITY.UNSUPPORTED', `the agent of ${instance.name} has no UPGRADE`, { details: { capability: 'UPGRADE' } });
  if (wanted === from.name || wanted === from.id) {
    await requireNewerBuild(deps, instance);
    return from;
  }
  const to = findVersion(deps.catalogue, caller, from.datastore, wanted);
  const possible = upgradesOf(deps.catalogue, from).filter((one) => one.active && seesVersion(ownersView(instance), one));
  if (!possible.some(({ id }) => id === to.id)) {
    const others = possible.length > 0 ? `from ${from.name} one can go to ${possible.map(({ name }) => name).join(', ')}` : `from ${from.name} one can go nowhere`;
    throw invalidInput([{ path, message: `${instance.name} cannot be brought from ${from.datastore} ${from.name} to ${to.name} in one step: ${others}` }]);
  }
  const flavor = deps.catalogue.instanceFlavor(instance.flavorId);
  if (flavor && !flavorsFor(deps.catalogue, to).some(({ id }) => id === flavor.id)) {
    throw invalidInput([{ path, message: `${to.datastore} ${to.name} does not work in ${flavor.name} (${flavor.memoryMb} MB): it allows ${flavorsFor(deps.catalogue, to).map(({ name }) => name).join(', ') || 'none'}` }]);
  }
  return to;
}

/** A private version is for the projects that operators name, whoever asks. */
const ownersView = (instance: InstanceDoc): { role: 'EDITOR'; projectId: string } => ({ role: 'EDITOR', projectId: instance.projectId });

/** Where a version's data can be brought to in one step, as its plugin says. */
export function upgradesOf(catalogue: Pick<Catalogue, 'manifest' | 'versions'>, from: VersionDoc): VersionDoc[] {
  const names = catalogue.manifest(from.datastore)?.tracks.find(({ name }) => name === from.name)?.upgradesTo ?? [];
  const all = catalogue.versions({ role: 'OPERATOR', projectId: null }, from.datastoreId, true);
  return names.flatMap((name) => all.find((one) => one.name === name) ?? []);
}

async function requireNewerBuild(deps: UpgradeDeps, instance: InstanceDoc): Promise<void> {
  const builds = await deps.listBuilds();
  if (builds === null) throw new CofferError('HOST.UNREACHABLE', 'no host answers: which builds there are is not known');
  if (!newerThan(builds, instance)) {
    throw new CofferError('PRECONDITION.STATE', `instance ${instance.name} has the newest build of ${instance.datastore} ${instance.track} that is installed: ${instance.buildId}`, { remedy: 'Install a newer one first (`installEngine` with `refresh` asks its source for one), or name another version.' });
  }
}

const limits = { wave: 50 } as const;

/** Operators: all instances of a version, each by an upgrade of its own. */
export async function rolloutUpgrade(deps: UpgradeDeps, caller: Caller, input: RolloutUpgradeInput): Promise<OperationView> {
  requireAction(caller, 'version.rollout');
  const version = findVersion(deps.catalogue, caller, input.datastore, input.version);
  requireCapability(version, 'UPGRADE');
  const [waveSize, canary] = [input.waveSize ?? 1, input.canary ?? 1];
  const issues = Object.entries({ waveSize, canary }).filter(([, size]) => size < 1 || size > limits.wave).map(([name]) => ({ path: ['input', name], message: `must be 1 to ${limits.wave}` }));
  if (issues.length > 0) throw invalidInput(issues);
  const builds = await deps.listBuilds();
  if (builds === null) throw new CofferError('HOST.UNREACHABLE', 'no host answers: which builds there are is not known');
  const newest = newestBuild(builds, { datastore: version.datastore, track: version.name });
  if (!newest) throw new CofferError('PRECONDITION.STATE', `no build of ${version.datastore} ${version.name} is installed`, { remedy: 'Install one first.' });
  return deps.store.transaction(async (tx) => {
    const had = await tx.query<{ buildId: string; buildVersion: string | null }>('select distinct build_id as "buildId", build_version as "buildVersion" from instance where version_id = $1 and deleted_at is null and not released and prepared and build_id is not null order by 1', [version.id]);
    const older = had.filter((one) => isNewer(builds, newest, one)).map(({ buildId }) => buildId);
    if (older.length === 0) throw new CofferError('PRECONDITION.STATE', `all instances of ${version.datastore} ${version.name} have its newest build: ${newest.id}`, { remedy: 'Install a newer one first: `installEngine` with `refresh` asks its source for one.' });
    const work: VersionRolloutWork = { versionId: version.id, buildId: newest.id, older, waveSize, canary };
    return deps.operations.enqueue(tx, {
      kind: 'version.rollout', input: work, subjectId: version.id, lockMode: 'EXCLUSIVE', projectId: null, actor: caller.actor, clientAddress: caller.clientAddress, requestId: caller.requestId,
    });
  });
}

/** The one that is installed and newer than its own; null where there is none, or no host answers. */
export async function newerBuild(deps: Pick<UpgradeDeps, 'listBuilds'>, instance: Pick<InstanceDoc, 'datastore' | 'track' | 'buildId' | 'buildVersion'>): Promise<ListedBuild | null> {
  const builds = instance.buildId === null ? null : await deps.listBuilds();
  return builds && newerThan(builds, instance);
}
