import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/mongodb/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/mongodb/index.ts';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createDriverClient } from './driver.ts';
import { ownPort } from '../../support/free-ports.ts';

const flavor = { vcpus: 1, memoryMb: 512 };
const volumeGb = 1;
const track = '6.0';
/** Of this folder's tests: 21560–21599, one for each way of isolation. */
const portOf = (isolated: boolean): number => ownPort(21_560 + (isolated ? 0 : 1));

export const harnessOptions = (isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/mongodb/index.ts'), track, flavor, volumeGb, ports: { mongodb: portOf(isolated) }, isolated,
});

export const fixtureOf = (isolated = true): ConformanceFixture => ({
  plugin, track, flavor, volumeGb, killPoints: isolated ? 'all' : 'few', restartingFlavor: { vcpus: 2, memoryMb: 1024 },
  createHarness: () => createProcessHarness(harnessOptions(isolated)),
  client: createDriverClient,
  configuration: {
    overlay,
    live: { name: 'setParameter.cursorTimeoutMillis', value: '700000', other: '800000' },
    restart: { name: 'net.maxIncomingConnections', value: '150' },
    refused: { name: 'setParameter.planCacheSize', value: 'plenty' },
  },
  samples: {
    databases: [{ name: 'shop' }, { name: 'archiv' }],
    awkwardNames: [`O'Brien;--%s{}`, '=dash-and,comma@colon:', 'データベース名前が長い時の限界を超', 'ß'.repeat(31) + 'x', 'a'.repeat(63), 'Select', '~tilde', '*|<>?#&%41'],
    systemNames: ['coffer', 'coffer_management', 'Coffer2', 'root', 'ROOT', '__system'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: ['read'] }),
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/mongodb/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf(), module: harnessOptions().pluginUrl };
export default own;
