import { describe } from 'vitest';
import plugin from '../../../strategies/datastores/mysql/index.ts';
import { collations } from '../../../strategies/datastores/mysql/collations.ts';
import { collationScenarios, nameScenarios, sizeScenarios } from '../../support/sql-family/names.ts';
import { useServer } from '../../support/sql-family/server.ts';
import { harnessOptions, track } from '../../e2e/mysql/fixture.ts';

describe('what is accepted works', () => {
  const server = useServer({ ...harnessOptions(), ports: { mysql: 21_507 } });
  nameScenarios(server, plugin, track, [{ user: 'ß'.repeat(32), database: 'ß'.repeat(51) }, { user: 'x'.repeat(32), database: 'x'.repeat(64) }]);
  collationScenarios(server, collations, 'select character_set_name, collation_name from information_schema.collations');
  sizeScenarios(server, plugin, track, [512, 1024, 2048, 4096]);
});
