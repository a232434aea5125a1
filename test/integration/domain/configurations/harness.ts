/** Configuration groups over a real store and the release's workflows; the agent does as it is told and says so in its reports. */
import { expect } from 'vitest';
import type { RunRequest } from '../../../../gateway/agents/agents.ts';
import type { ChangedConfiguration } from '../../../../gateway/domain/api.ts';
import type { ConfigurationDoc } from '../../../../gateway/domain/configuration/document.ts';
import { type DomainWorld, useDomainWorld } from '../../../support/domain-world.ts';

/** Of the test that runs. */
export let world: DomainWorld;
export const useConfigurations = (): void => useDomainWorld((fresh) => {
  world = fresh;
  applied.clear();
  refuses = () => false;
  world.script.compute = { inspect: async () => ({ state: 'running' }) as never };
  world.script.run = apply as never;
});

interface Refusal { code: string; message: string; details: { operationId?: string; issues?: { path: string[]; message: string }[]; capability?: string } }
export const refusal = async (work: Promise<unknown>): Promise<Refusal> => {
  try { await work; } catch (error) { return error as Refusal; }
  throw new Error('it was not refused');
};
/** Any that has groups; the catalogue of this test is one of its own. */
export const [datastore, track, otherTrack] = ['redis', '7', '8'];
export function addInstance(name: string, change: Record<string, unknown> = {}): Promise<string> {
  const version = world.catalogue.versions(world.caller('OPERATOR'), world.catalogue.datastore(datastore)!.id, true).find((one) => one.name === track)!;
  return world.addInstance(name, { datastore, track, version_id: version.id, ...change });
}
export const groups = () => world.domain.configurations;
export const editor = (requestId = 'req') => world.caller('EDITOR', requestId);
export const create = (name: string, values: { name: string; value: unknown }[] = [{ name: 'work_mem', value: '8MB' }], project?: string): Promise<ConfigurationDoc> =>
  groups().create(world.caller('EDITOR', `req-${name}`, project), { name, datastore, version: track, values });

/** What each instance's agent was given last. */
export const applied = new Map<string, { configuration: string; parameters: Record<string, string> }>();
type Refuses = (instanceId: string, parameters: Record<string, string>) => boolean;
let refuses: Refuses;
export const refuseWhen = (is: Refuses): void => { refuses = is; };
export async function apply(id: string, { command }: RunRequest): Promise<unknown> {
  const answer = { items: [], restartRequired: [], rootName: '', fault: undefined as unknown };
  if (command?.$case !== 'configure') return answer;
  const { configuration, parameters } = command.value;
  if (refuses(id, parameters)) return { ...answer, fault: { code: 'REFUSED', message: 'work_mem: the engine says no' } };
  applied.set(id, { configuration, parameters });
  const sight = { applied: configuration === '' ? null : configuration, restartRequired: [], drifted: [], rejected: null };
  await world.store.query(`update instance set observation = observation || jsonb_build_object('configuration', $2::jsonb) where id = $1`, [id, JSON.stringify(sight)]);
  return answer;
}
export const ended = (operation: { id: string } | null) => world.operations.waitForEnd(operation!.id, 15_000);
export async function attached(group: ConfigurationDoc, ...names: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const id = await addInstance(name);
    ids.push(id);
    const { operation } = await groups().attach(editor(), { configurationId: group.id, instanceId: id });
    expect((await ended(operation)).state).toBe('SUCCEEDED');
  }
  return ids;
}
export const wantedOf = async (id: string): Promise<string | null> => { const row = await world.instance(id); return row['configuration_id'] === null ? null : `${row['configuration_id']}/${row['configuration_revision']}`; };
export const patch = (id: string, value: unknown, more: object = {}): Promise<ChangedConfiguration> => groups().patch(editor(), { configurationId: id, set: [{ name: 'work_mem', value }], ...more });
