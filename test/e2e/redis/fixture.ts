import type { ConformanceFixture } from '../../../strategies/conformance/index.ts';
import { overlay } from '../../../strategies/datastores/redis/catalogue/overlay.ts';
import plugin from '../../../strategies/datastores/redis/index.ts';
import type { PluginFixture } from '../../../kit/fixture.ts';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import { createRedisClient } from './redis-cli.ts';
import { ownPort } from '../../support/free-ports.ts';

const flavor = { vcpus: 0.25, memoryMb: 256 };
const volumeGb = 1;
/** Of this folder's tests: 21800–21899, one for each track and way of isolation. */
const portOf = (track: string, isolated: boolean): number => ownPort(21_800 + Number(track) + (isolated ? 0 : 20));

export const harnessOptions = (track: string, isolated = true) => ({
  plugin, pluginUrl: import.meta.resolve('../../../strategies/datastores/redis/index.ts'), track, flavor, volumeGb, ports: { redis: portOf(track, isolated) }, isolated,
});

export const fixtureOf = (track: string, isolated = true): ConformanceFixture => ({
  plugin, track, flavor, volumeGb, killPoints: track === '8' && isolated ? 'all' : 'few', restartingFlavor: { vcpus: 4, memoryMb: 512 }, smallVolumeMb: 32,
  createHarness: (options) => createProcessHarness({ ...harnessOptions(track, isolated), ...options }),
  client: createRedisClient,
  configuration: {
    overlay,
    live: { name: 'maxmemory-samples', value: '6', other: '7' },
    restart: { name: 'tcp-backlog', value: '300' },
    refused: { name: 'notify-keyspace-events', value: 'Q?' },
  },
  resize: {
    tooSmall: { vcpus: 0.25, memoryMb: 44 },
    async fill(client, login) {
      for (let i = 0; i < 30; i++) await client.write(login, `filler_${i}`, 'x'.repeat(100_000));
    },
  },
  samples: {
    databases: [],
    awkwardNames: [`O'Brien"the\\quote"`, '--$1%s{}', '-dash=and=equals', '用户名', 'ß'.repeat(31) + 'x', 'a'.repeat(128), 'SELECT', '#hash', '>secret', 'on'],
    systemNames: ['coffer', 'coffer-agent', 'default', 'root', 'Default'],
    usual: () => ({ database: null, privileges: [] }),
    readOnly: () => ({ database: null, privileges: ['~*', '+@read'] }),
  },
});

/** For the kit as a command: `node kit/main.ts --fixture test/e2e/redis/fixture.ts`. */
const own: PluginFixture = { ...fixtureOf('8'), module: harnessOptions('8').pluginUrl };
export default own;
