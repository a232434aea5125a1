import { describe } from 'vitest';
import { furtherConfigurationScenarios, useSqlConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

describe('configuration of 11.8', () => {
  furtherConfigurationScenarios(useSqlConfigurationServer({ ...harnessOptions('11.8'), ports: { mariadb: 21_532 } }));
});
