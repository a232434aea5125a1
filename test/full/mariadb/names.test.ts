import { describe } from 'vitest';
import plugin from '../../../strategies/datastores/mariadb/index.ts';
import { collationsOfTrack } from '../../../strategies/datastores/mariadb/collations.ts';
import { collationScenarios, nameScenarios, sizeScenarios } from '../../support/sql-family/names.ts';
import { useServer } from '../../support/sql-family/server.ts';
import { harnessOptions } from '../../e2e/mariadb/fixture.ts';

describe.each(['11.8', '10.11'])('what is accepted works on %s', (track) => {
  const server = useServer({ ...harnessOptions(track), ports: { mariadb: 21_528 } });
  nameScenarios(server, plugin, track, [{ user: 'ß'.repeat(80), database: 'ß'.repeat(51) }, { user: 'x'.repeat(80), database: 'x'.repeat(64) }, { user: 'y', database: '_'.repeat(32) }]);
  collationScenarios(server, collationsOfTrack(track), 'select distinct character_set_name, full_collation_name from information_schema.collation_character_set_applicability where character_set_name is not null');
  sizeScenarios(server, plugin, track, [256, 512, 1024, 4096]);
});
