import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/mariadb/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/mariadb/index.ts';
import { presentedCertificate } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createSqlClient, createStockClient } from '../../support/sql-family/stock-client.ts';

const flavor = { vcpus: 1, memoryMb: 256 };
const volumeGb = 1;
/** With the certificate's check alone, the older client would go on with TLS. */
export const withoutTls = ['--skip-ssl', '--skip-ssl-verify-server-cert'];
/** Of this folder's tests: 21520–21539, one for each track and way of isolation. */
const portOf = (track: string, isolated: boolean): number => (track === '11.8' ? 21_520 : 21_522) + (isolated ? 0 : 1);

export const harnessOptions = (track: string, isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/mariadb/index.ts'), track, flavor, volumeGb, ports: { mariadb: portOf(track, isolated) }, isolated,
});

export const fixtureOf = (track: string, isolated = true): ConformanceFixture => ({
  plugin, track, flavor, volumeGb, killPoints: track === '11.8' && isolated ? 'all' : 'few', restartingFlavor: { vcpus: 2, memoryMb: 512 },
  presentedSerial: async ({ host, port }) => (await presentedCertificate({ host, port }, 5_000))?.serialNumber ?? '',
  createHarness: () => createProcessHarness(harnessOptions(track, isolated)),
  client: (facts) => createStockClient(facts, plugin.manifest, withoutTls),
  configuration: {
    overlay,
    live: { name: 'long_query_time', value: '2.5', other: '4' },
    restart: { name: 'ft_min_word_len', value: '5' },
    refused: { name: 'sql_mode', value: 'STRICT_SOMETIMES' },
    seen: async (facts, login) => String(Number(await createSqlClient(facts, plugin.manifest).ask(login, 'select @@long_query_time;'))),
  },
  samples: {
    databases: [{ name: 'shop', characterSet: 'utf8mb4', collation: 'utf8mb4_uca1400_ai_ci' }, { name: 'archiv', characterSet: 'latin1', collation: 'latin1_german2_ci' }],
    awkwardNames: [`O'Brien "the \\ \`quote\``, 'sp ace;--$1%s{}', '-dash=and=equals', 'データベース名前が長い時の限界を超', 'ß'.repeat(32), 'a'.repeat(64), 'Select', '%', 'a_b', '..', 'a/b', 'a@b.c', 'm%', '\\_'],
    systemNames: ['coffer', 'Coffer2', 'root', 'mariadb.sys', 'mysql', 'PUBLIC', 'none', 'event_scheduler'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: ['SELECT'] }),
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/mariadb/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf('11.8'), module: harnessOptions('11.8').pluginUrl };
export default own;
