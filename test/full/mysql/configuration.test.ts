import { describe } from 'vitest';
import { furtherConfigurationScenarios, useSqlConfigurationServer } from '../../support/sql-family/configuration.ts';
import { harnessOptions } from '../../e2e/mysql/fixture.ts';

describe('configuration', () => {
  furtherConfigurationScenarios(useSqlConfigurationServer({ ...harnessOptions(), ports: { mysql: 21_506 } }));
});
