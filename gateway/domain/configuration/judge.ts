/** Whether values may be kept, and whether the instances that are to run them can. Before any transaction: plugins are asked. */
import { CofferError, invalidInput, type InputIssue } from '../../../kernel/errors.ts';
import type { FlavorSize } from '../../../strategies/spi/control.ts';
import type { Catalogue, ConfigurationValueInput } from '../api.ts';
import type { InstanceSize } from './formula.ts';
import { resolveValues, type ResolveDeps } from './resolve.ts';
import type { Site } from './rows.ts';
import { judgeValues, type StoredValue } from './values.ts';

export const limits = { description: 1_000, waveSize: 50 } as const;
/** In a message: the rest is counted. */
const mostNamed = 5;

export interface Version { datastore: string; track: string }
export type JudgeDeps = ResolveDeps & { catalogue: Pick<Catalogue, 'instanceFlavor'> & { reload(): Promise<void> } };

/** Typed and canonical; refused with an issue for each value that is not right. `path` leads to the list. */
export async function judgedValues(deps: ResolveDeps, { datastore, track }: Version, values: readonly ConfigurationValueInput[], path: readonly string[]): Promise<StoredValue[]> {
  const judged = judgeValues((await deps.parameters.parametersOf(datastore, track)).specs, values.map(({ name, value }) => ({ name, value })));
  const issues = judged.issues.map(({ index, field, name, message }): InputIssue => ({ path: [...path, String(index), field], message: `${name} ${message}` }));
  if (issues.length > 0) throw invalidInput(issues);
  return judged.values;
}

/** Of a revision, which may be older than what the version takes by now. `path` leads to its number. */
export async function requireTaken(deps: ResolveDeps, { datastore, track }: Version, values: readonly StoredValue[], path: readonly string[]): Promise<void> {
  const { issues } = judgeValues((await deps.parameters.parametersOf(datastore, track)).specs, values);
  if (issues.length > 0) throw invalidInput(issues.map(({ name, message }) => ({ path: [...path], message: `${name} ${message}` })));
}

/** Everywhere the same flavor and volume is judged once, however many instances there are. */
export async function siteIssues(deps: JudgeDeps, version: Version, values: readonly StoredValue[], sites: readonly Site[], pathOf: (parameter: string) => string[]): Promise<InputIssue[]> {
  const issues: InputIssue[] = [];
  for (const alike of Map.groupBy(sites, ({ flavorId, volumeGb }) => `${flavorId}/${volumeGb}`).values()) {
    const place = await placeOf(deps, alike[0]!);
    const { issues: found } = await resolveValues(deps, version, values, place);
    issues.push(...found.map(({ path, message }) => ({ path: pathOf(path[0] ?? ''), message: `${path.join('.')} ${message} (${namesText(alike)}: ${place.flavor.memoryMb} MB, ${place.volumeGb} GB)` })));
  }
  return issues;
}

/** One that another gateway has just made may not have come to memory yet. */
export async function placeOf(deps: JudgeDeps, { flavorId, volumeGb }: Pick<Site, 'flavorId' | 'volumeGb'>): Promise<InstanceSize> {
  const find = (): FlavorSize | undefined => deps.catalogue.instanceFlavor(flavorId);
  if (!find()) await deps.catalogue.reload();
  const flavor = find();
  if (!flavor) throw new CofferError('RESOURCE.NOT_FOUND', `flavor ${flavorId} was not found`);
  return { flavor: { vcpus: flavor.vcpus, memoryMb: flavor.memoryMb }, volumeGb };
}

export function namesText(things: readonly { name: string }[]): string {
  const named = things.slice(0, mostNamed).map(({ name }) => name).join(', ');
  return things.length > mostNamed ? `${named} and ${things.length - mostNamed} more` : named;
}
