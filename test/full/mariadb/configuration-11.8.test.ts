import { describe } from 'vitest';
import { furtherConfigurationScenarios, useConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

describe('configuration of 11.8', () => {
  furtherConfigurationScenarios(useConfigurationServer({ ...harnessOptions('11.8'), ports: { mariadb: 21_532 } }));
});
