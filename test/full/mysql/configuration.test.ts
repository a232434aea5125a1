import { describe } from 'vitest';
import { furtherConfigurationScenarios, useConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from '../../e2e/mysql/fixture.ts';

describe('configuration', () => {
  furtherConfigurationScenarios(useConfigurationServer({ ...harnessOptions(), ports: { mysql: 21_506 } }));
});
