import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/mysql/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/mysql/index.ts';
import { presentedCertificate } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createSqlClient, createStockClient } from '../../support/sql-family/stock-client.ts';

export const track = '9.7';
const flavor = { vcpus: 1, memoryMb: 512 };
const volumeGb = 1;

/** Ports of this folder's tests: 21500–21519. */
export const harnessOptions = (isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/mysql/index.ts'), track, flavor, volumeGb, ports: { mysql: isolated ? 21_500 : 21_501 }, isolated,
});

export const fixtureOf = (isolated = true): ConformanceFixture => ({
  plugin, track, flavor, volumeGb, killPoints: isolated ? 'all' : 'few', restartingFlavor: { vcpus: 2, memoryMb: 2048 },
  presentedSerial: async ({ host, port }) => (await presentedCertificate({ host, port }, 5_000))?.serialNumber ?? '',
  createHarness: () => createProcessHarness(harnessOptions(isolated)),
  client: (facts) => createStockClient(facts, plugin.manifest, ['--ssl-mode=DISABLED']),
  configuration: {
    overlay,
    live: { name: 'long_query_time', value: '2.5', other: '4' },
    restart: { name: 'ft_min_word_len', value: '5' },
    refused: { name: 'sql_mode', value: 'STRICT_SOMETIMES' },
    seen: async (facts, login) => String(Number(await createSqlClient(facts, plugin.manifest).ask(login, 'select @@long_query_time;'))),
  },
  samples: {
    databases: [{ name: 'shop', characterSet: 'utf8mb4', collation: 'utf8mb4_0900_ai_ci' }, { name: 'archiv', characterSet: 'latin1', collation: 'latin1_german2_ci' }],
    awkwardNames: [`O'Brien "the \\ \`quote\``, 'sp ace;--$1%s{}', '-dash=and=equals', 'データベース名前が長い時の限界を超', 'ß'.repeat(32), 'a'.repeat(32), 'Select', '%', 'a_b', '..', 'a/b', 'a@b.c'],
    systemNames: ['coffer', 'Coffer2', 'root', 'mysql.sys', 'MYSQL.session', 'mysql.infoschema', 'event_scheduler'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: ['SELECT'] }),
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/mysql/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf(), module: harnessOptions().pluginUrl };
export default own;
