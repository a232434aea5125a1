/** What an instance's files are rendered from: sizing, and the values of the group revision that it is to run. */
import type { GroupRevision, InstanceDoc } from '../../domain/instance/document.ts';
import { groupName } from '../../domain/instance/observation.ts';
import { issueText, resolveValues } from '../../domain/configuration/resolve.ts';
import { readRevision } from '../../domain/configuration/rows.ts';
import { FinalStepError } from '../workflow.ts';
import type { WorkflowDeps } from './deps.ts';
import { flavorOf } from './instance-facts.ts';

export interface GuestConfiguration { sizing: Record<string, string>; parameters: Record<string, string>; configuration: string }

/** The same for the same instance and revision, whenever it is asked. */
export async function guestConfiguration(deps: WorkflowDeps, doc: InstanceDoc, group: GroupRevision | null): Promise<GuestConfiguration> {
  const { datastore, track, volumeGb } = doc;
  const values = group === null ? [] : (await readRevision(deps.store, group.id, group.revision)).values;
  const { sizing, parameters, issues } = await resolveValues(deps, { datastore, track }, values, { flavor: await flavorOf(deps, doc.flavorId), volumeGb });
  if (issues.length > 0) throw new FinalStepError('INPUT.INVALID', issueText(issues));
  return { sizing, parameters, configuration: groupName(group) };
}
