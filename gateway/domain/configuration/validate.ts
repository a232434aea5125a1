/** What a group would be, without one being made: values as they would be kept, and what they come to on each flavor. */
import { invalidInput, notFound } from '../../../kernel/errors.ts';
import type { Caller, Configurations, EvaluatedFlavor, FlavorDoc } from '../api.ts';
import { flavorsFor } from '../catalogue/flavors-for.ts';
import type { DomainDeps } from '../deps.ts';
import { findVersion, limits as instanceLimits, requireCapability } from '../instance/validate-create.ts';
import { requireAction } from '../policy.ts';
import { judgedValues } from './judge.ts';
import { resolveValues } from './resolve.ts';

type Input = Parameters<Configurations['validate']>[1];
/** As small as a volume can be: what is wrong there is wrong for somebody. */
const usualVolumeGb = instanceLimits.volumeGb.min;
/** the plugin is asked for each */
const mostFlavors = 50;

export async function validateConfiguration(deps: DomainDeps, caller: Caller, input: Input): ReturnType<Configurations['validate']> {
  requireAction(caller, 'configuration.validate');
  const found = findVersion(deps.catalogue, caller, input.datastore, input.version);
  requireCapability(found, 'CONFIGURATION');
  const version = { datastore: found.datastore, track: found.name };
  const volumeGb = input.volumeGb ?? usualVolumeGb;
  const { min, max } = instanceLimits.volumeGb;
  if (volumeGb < min || volumeGb > max) throw invalidInput([{ path: ['input', 'volumeGb'], message: `must be ${min} to ${max}` }]);
  if (input.flavors && input.flavors.length > mostFlavors) throw invalidInput([{ path: ['input', 'flavors'], message: `at most ${mostFlavors}` }]);
  const flavors = input.flavors ? [...new Set(input.flavors)].map((name) => flavorOf(deps, name)) : flavorsFor(deps.catalogue, found);
  const values = await judgedValues(deps, version, input.values, ['input', 'values']);
  const evaluations: EvaluatedFlavor[] = [];
  for (const flavor of flavors) {
    const { parameters, issues } = await resolveValues(deps, version, values, { flavor, volumeGb });
    evaluations.push({ flavor, volumeGb, parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })), issues });
  }
  return { values, evaluations };
}

function flavorOf(deps: DomainDeps, name: string): FlavorDoc {
  const flavor = deps.catalogue.flavor(name);
  if (!flavor) throw notFound(`flavor ${name}`);
  return flavor;
}
