import { connect } from 'node:tls';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/cassandra/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/cassandra/index.ts';
import { createStockClient } from './driver.ts';
import { ownPort } from '../../support/free-ports.ts';

const flavor = { vcpus: 1, memoryMb: 512 };
const volumeGb = 2;
/** Of this folder's tests: 21600–21659, ten for each file. */
const firstPort = ownPort(21_600);

export const harnessOptions = (place: number, isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/cassandra/index.ts'), track: '5.0', flavor, volumeGb, isolated,
  ports: { cql: firstPort + 10 * place, storage: firstPort + 10 * place + 1, jmx: firstPort + 10 * place + 2 },
});

/** A start is seconds of a processor: few points where a method is killed, in each way of isolation. */
export const fixtureOf = (place: number, isolated = true): ConformanceFixture => ({
  plugin, track: '5.0', flavor, volumeGb, killPoints: 'few', restartingFlavor: { vcpus: 1, memoryMb: 1024 },
  createHarness: () => createProcessHarness(harnessOptions(place, isolated)),
  client: createStockClient,
  presentedSerial,
  samples: {
    databases: [
      { name: 'kit_app' },
      { name: 'kit_other', options: [{ name: 'replication', value: 'SimpleStrategy' }, { name: 'replication_factor', value: '1' }, { name: 'durable_writes', value: 'false' }] },
    ],
    awkwardNames: ['O"the\\quote"', ' spaces and\u00a0more ', '--$1%s{}', '用户名', 'ß'.repeat(63) + 'x', 'a'.repeat(128), 'select', 'ALL', 'a/b', 'Mixed', 'mixed'],
    awkwardDatabaseNames: ['select', 'Mixed', 'mixed', '0digit', '_', 'a'.repeat(48)],
    systemNames: ['coffer', 'root'],
    usual: (database) => ({ database, privileges: [] }),
    readOnly: (database) => ({ database, privileges: ['SELECT'] }),
  },
  configuration: {
    overlay,
    live: { name: 'read_request_timeout', value: '7000', other: '8000' },
    restart: { name: 'tables_warn_threshold', value: '150' },
    refused: { name: 'column_index_size', value: '2147483646' },
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/cassandra/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf(2), module: harnessOptions(2).pluginUrl };
export default own;

const connectTimeoutMs = 10_000;
/** Without asking the certificate for a name: which one is shown is the question. */
function presentedSerial(target: { host: string; port: number; caCertificate: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, ca: target.caCertificate, timeout: connectTimeoutMs }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error('no TLS answer')));
    socket.once('error', reject);
  });
}
