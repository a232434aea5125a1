/** A change of values that dies in the middle leaves nothing behind. */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessHarness } from '../../../kit/harness/process-harness.ts';
import type { GuestHarness } from '../../../strategies/conformance/index.ts';
import type { LiveParameter } from '../../../strategies/spi/parameters.ts';
import { harnessOptions } from '../../e2e/mongodb/fixture.ts';

/** Beside those of the other folder. */
const port = 21_563;
const group = { 'setParameter.cursorTimeoutMillis': '700000', 'storage.journal.commitIntervalMs': '30', 'net.maxIncomingConnections': '150' };

describe('a change of values', () => {
  let harness: GuestHarness;
  let bare: { file: string; parameters: LiveParameter[] };
  const serverFile = (): Promise<string> => readFile(`${harness.facts.paths.config}/mongod.conf`, 'utf8');

  beforeAll(async () => {
    harness = await createProcessHarness({ ...harnessOptions(), ports: { mongodb: port } });
    await harness.call('initialise', []);
    await harness.call('start', []);
    bare = { file: await serverFile(), parameters: await harness.call('configuration.read', []) };
  });
  afterAll(() => harness?.dispose());

  it('goes back whole after a kill at any point', async () => {
    const kill = async (at: Parameters<GuestHarness['callAndKill']>[2]): Promise<boolean> => {
      harness.tune(group);
      const { finished } = await harness.callAndKill('configure', [], at);
      // As an agent that comes back: it adopts the engine first.
      harness.tune({});
      await harness.call('start', []);
      expect((await harness.call('configure', [])).restartRequired).toEqual([]);
      expect(await serverFile()).toBe(bare.file);
      expect(await readdir(harness.facts.paths.config)).toEqual(['mongod.conf']);
      expect(await harness.call('configuration.read', [])).toEqual(bare.parameters);
      return finished;
    };
    for (let at = 1; !(await kill({ atHandleCall: at })); at++);
    for (let afterMs = 0; !(await kill({ afterMs })); afterMs += 5);
  });
});
