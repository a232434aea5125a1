/**
 * What a group's values come to on one instance: formulas become numbers, and the plugin judges them together. The same
 * for whoever asks: a mutation that judges ahead and the operation that sends them to the agent.
 */
import type { InputIssue } from '../../../kernel/errors.ts';
import type { ControlHost } from '../../plugins/control-host.ts';
import type { ParameterCatalogues } from '../../plugins/parameters.ts';
import type { InstanceSize } from './formula.ts';
import { evaluateValues, type StoredValue } from './values.ts';

export interface ResolveDeps { control: ControlHost; parameters: ParameterCatalogues }
export interface Resolved {
  sizing: Record<string, string>;
  parameters: Record<string, string>;
  /** `path` is the parameter's name */
  issues: InputIssue[];
}

export async function resolveValues(deps: ResolveDeps, { datastore, track }: { datastore: string; track: string }, values: readonly StoredValue[], size: InstanceSize): Promise<Resolved> {
  const { flavor, volumeGb } = size;
  const sizing = await deps.control.call(datastore, 'size', { track, flavor, volumeGb });
  if (values.length === 0) return { sizing, parameters: {}, issues: [] };
  const { specs } = await deps.parameters.parametersOf(datastore, track);
  const { parameters, problems } = evaluateValues(specs, values, size);
  const issues: InputIssue[] = problems.map(({ name, message }) => ({ path: [name], message }));
  if (issues.length === 0) issues.push(...(await deps.parameters.checkParameters(datastore, { track, flavor, volumeGb, sizing, parameters })));
  return { sizing, parameters, issues };
}

export const issueText = (issues: readonly InputIssue[]): string => issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
