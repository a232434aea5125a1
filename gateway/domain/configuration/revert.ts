/** A rollout is taken back: every instance that it reached gets the revision it had before, in waves, by a rollout of its own. */
import { CofferError } from '../../../kernel/errors.ts';
import { appendMutation } from '../../events/append.ts';
import type { RolloutWork } from '../../operations/workflows/rollout.ts';
import type { Tx } from '../../store/tx.ts';
import type { Caller, ChangedConfiguration, Configurations } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { requireOn } from '../policy.ts';
import { enqueueRollout, requireIssueless, requireUnheld, waveIssues } from './change.ts';
import { siteIssues } from './judge.ts';
import { findConfiguration } from './read.ts';
import { findLatestRollout, lockConfiguration, type Reached, readRevision, selectConfigurations, selectReached } from './rows.ts';

type Input = Parameters<Configurations['revertRollout']>[1];
interface Rollout { id: string; kind: string; projectId: string | null; work: RolloutWork }

export async function revertRollout(deps: DomainDeps, caller: Caller, input: Input): Promise<ChangedConfiguration> {
  const { store } = deps;
  const { operationId } = input;
  requireIssueless(waveIssues(input.waveSize));
  const [found] = await store.query<Rollout>('select id, kind, project_id as "projectId", input as work from operation where id = $1', [operationId]);
  const rollout = requireOn(caller, 'configuration.update', `operation ${operationId}`, found, ({ projectId }) => projectId);
  if (rollout.kind !== 'configuration.rollout') throw new CofferError('PRECONDITION.STATE', `${operationId} is no rollout of a configuration but ${rollout.kind}`);
  const { configurationId: id, revision } = rollout.work;
  const group = requireOn(caller, 'configuration.update', `configuration ${id}`, await findConfiguration(store, caller, { id }), ({ projectId }) => projectId);
  const reached = await selectReached(store, id, operationId);
  for (const [before, alike] of Map.groupBy(reached, (one) => one.before)) {
    const { values } = await readRevision(store, id, before);
    requireIssueless(await siteIssues(deps, group, values, alike, () => ['input', 'operationId']));
  }

  return store.transaction(async (tx) => {
    const now = await lockConfiguration(tx, caller, 'configuration.update', id, 'update');
    await requireUnheld(tx, now);
    await requireReached(tx, id, operationId, reached);
    await appendMutation(tx, caller, { type: 'configuration.revert', subject: id, projectId: now.projectId, operationId, data: { name: now.name, revision } });
    const back = Object.fromEntries(reached.map((one) => [one.id, one.before]));
    const operation = await enqueueRollout(tx, deps, caller, now, { configurationId: id, revision, waveSize: input.waveSize ?? 1, back });
    return { configuration: (await selectConfigurations(tx, 'c.id = $1', [id]))[0]!, operation };
  });
}

/** What came after it would be taken back as well, or be what is gone back to: only the latest is. */
async function requireReached(tx: Tx, id: string, operationId: string, reached: readonly Reached[]): Promise<void> {
  const latest = await findLatestRollout(tx, id);
  if (latest !== operationId) throw new CofferError('PRECONDITION.STATE', `the configuration was rolled out again since: ${latest}`, { remedy: 'Take that one back first, or restore a revision.' });
  if (JSON.stringify(await selectReached(tx, id, operationId)) !== JSON.stringify(reached)) throw new CofferError('CONFLICT.STALE', 'the configuration or its instances are being changed', { remedy: 'Try again.' });
  if (reached.length === 0) throw new CofferError('PRECONDITION.STATE', 'no instance has what this rollout brought', { remedy: 'There is nothing to take back.' });
}
