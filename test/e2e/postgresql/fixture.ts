import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/postgresql/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/postgresql/index.ts';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createPsql, createPsqlClient, presentedSerial } from './psql.ts';
import { ownPort } from '../../support/free-ports.ts';

const flavor = { vcpus: 1, memoryMb: 256 };
const volumeGb = 1;
/** Of this folder's tests: 21400–21499, one for each track and way of isolation. */
const portOf = (track: string, isolated: boolean): number => ownPort(21_400 + Number(track) + (isolated ? 0 : 20));

export const harnessOptions = (track: string, isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/postgresql/index.ts'), track, flavor, volumeGb, ports: { postgresql: portOf(track, isolated) }, isolated,
});

export const fixtureOf = (track: string, isolated = true): ConformanceFixture => ({
  plugin, track, flavor, volumeGb, killPoints: track === '17' && isolated ? 'all' : 'few', restartingFlavor: { vcpus: 2, memoryMb: 512 }, smallVolumeMb: 160, presentedSerial,
  createHarness: (options) => createProcessHarness({ ...harnessOptions(track, isolated), ...options }),
  client: createPsqlClient,
  configuration: {
    overlay,
    live: { name: 'work_mem', value: '5000', other: '6000' },
    restart: { name: 'max_locks_per_transaction', value: '80' },
    refused: { name: 'TimeZone', value: 'Nowhere/Land' },
    seen: (facts, login) => createPsql(facts).ask(login, "select setting from pg_settings where name = 'work_mem'"),
  },
  samples: {
    databases: [{ name: 'shop', characterSet: 'UTF8', collation: 'C.UTF-8' }, { name: 'archiv', characterSet: 'UTF8', collation: 'icu:de-DE' }],
    awkwardNames: [`O'Brien "the \\ quote"`, 'sp ace;--$1%s{}', '-dash=and=equals', 'データベース名前が長い時の限界を超', 'ß'.repeat(31) + 'x', 'a'.repeat(63), 'Select', '~tilde'],
    systemNames: ['coffer', 'coffer_own_shop', 'Coffer2', 'pg_read_all_data', 'postgres', 'public', 'none'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: ['SELECT'] }),
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/postgresql/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf('17'), module: harnessOptions('17').pluginUrl };
export default own;
