/** A server whose values are changed again and again, for tests that go beyond the kit. */
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { createProcessHarness, type ProcessHarnessOptions } from '../../kit/harness/process-harness.ts';
import type { GuestHarness } from '../../strategies/conformance/index.ts';
import type { ConfigureResult } from '../../strategies/spi/guest.ts';
import type { LiveParameter } from '../../strategies/spi/parameters.ts';

export interface ConfigurationServer {
  readonly harness: GuestHarness;
  configureWith(parameters: Record<string, string>): Promise<ConfigureResult>;
  read(name: string): Promise<LiveParameter | undefined>;
  restart(): Promise<void>;
  /** What values are refused with. */
  refusal(parameters: Record<string, string>): Promise<Error>;
}

/** Each test begins without a group and with nothing that waits. `give`: once it has data, before it is started for the first test. */
export function useConfigurationServer(options: ProcessHarnessOptions, give: (harness: GuestHarness) => unknown = () => undefined): ConfigurationServer {
  let harness: GuestHarness | undefined;
  const server: ConfigurationServer = {
    get harness() {
      if (!harness) throw new Error('used before the server was set up');
      return harness;
    },
    configureWith(parameters) {
      server.harness.tune(parameters);
      return server.harness.call('configure', []);
    },
    read: async (name) => (await server.harness.call('configuration.read', [])).find((one) => one.name === name),
    async restart() {
      await server.harness.call('stop', ['orderly']);
      await server.harness.call('start', []);
    },
    refusal: (parameters) => server.configureWith(parameters).then(() => expect.fail('it was taken'), (error: Error) => error),
  };
  beforeAll(async () => {
    harness = await createProcessHarness(options);
    await harness.call('initialise', []);
    await give(harness);
  });
  afterAll(() => harness?.dispose());
  beforeEach(async () => {
    server.harness.tune({});
    await server.harness.call('start', []);
    if ((await server.harness.call('configure', [])).restartRequired.length > 0) await server.restart();
  });
  return server;
}
