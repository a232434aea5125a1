/** Configuration groups, put together: reading, changing, and what is read of them from engines. */
import type { Configurations } from '../api.ts';
import type { DomainDeps } from '../deps.ts';
import { createAttachments } from './attach.ts';
import { createConfigurationChanges } from './change.ts';
import { createComparisons } from './compare.ts';
import { cloneConfiguration } from './copy.ts';
import { findConfiguration, findConfigurations, listAttachments, listConfigurations, listHistory } from './read.ts';
import { revertRollout } from './revert.ts';
import { validateConfiguration } from './validate.ts';
import { warningFor } from './values.ts';

export function createConfigurations(deps: DomainDeps): Configurations {
  const { store } = deps;
  return {
    list: (caller, page, filter) => listConfigurations(store, caller, page, filter),
    find: (caller, by) => findConfiguration(store, caller, by),
    findMany: (caller, ids) => findConfigurations(store, caller, ids),
    attachments: (id, page) => listAttachments(store, id, page),
    history: (configuration, page) => listHistory(store, configuration, page),
    async warning({ datastore, track }, value) {
      // A group can be read although its plugin is broken.
      const catalogue = await deps.parameters.parametersOf(datastore, track).catch(() => null);
      const spec = catalogue?.byName.get(value.name);
      return spec === undefined ? null : warningFor(spec, value);
    },
    validate: (caller, input) => validateConfiguration(deps, caller, input),
    clone: (caller, input) => cloneConfiguration(deps, caller, input),
    revertRollout: (caller, input) => revertRollout(deps, caller, input),
    ...createConfigurationChanges(deps),
    ...createAttachments(deps),
    ...createComparisons(deps),
  };
}
