/** Ten instances of mixed engines, asked for at once; beside the bare scripts of the same ten, one after the other. */
import { create, remove, show, succeed, until } from '../../test/support/actions.ts';
import { startInstallation } from '../../test/support/installation.ts';
import { programsOf, runBareEngine } from '../support/bare-engine.ts';
import type { Bench } from '../support/bench.ts';
import { type BenchEngine, engines } from '../support/engines.ts';
import { enginePorts } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const wanted = 10;
const timeoutMs = 600_000;

export const bench: Bench = async ({ say }) => {
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const { client } = coffer;
  const createOne = (engine: BenchEngine, name: string) => create(client, { name, datastore: engine.datastore, version: engine.version, ...engine.input });
  try {
    const bareMs = new Map<BenchEngine, number>();
    for (const engine of engines) {
      say(`${engine.title}: installed, and its bare script`);
      const made = await createOne(engine, `first-${engine.datastore}`);
      await succeed(client, made.operationId);
      const { build } = await show(client, made.id);
      await remove(client, made.id);
      bareMs.set(engine, await runBareEngine(engine.script, await programsOf(build, engine.program)));
    }
    say(`${wanted} at once`);
    const chosen = Array.from({ length: wanted }, (_, i) => engines[i % engines.length]!);
    const since = performance.now();
    const outcomes = await Promise.all(chosen.map(async (engine, i): Promise<{ engine: BenchEngine; id: string; ms: number; state: string }> => {
      const made = await createOne(engine, `at-once-${i}`);
      const instance = await until(client, made.id, ({ status }) => status === 'ACTIVE' || status === 'ERROR', timeoutMs);
      return { engine, id: made.id, ms: performance.now() - since, state: instance.status };
    }));
    const wallMs = performance.now() - since;
    for (const { id } of outcomes) await remove(client, id);
    const sumMs = chosen.reduce((sum, engine) => sum + bareMs.get(engine)!, 0);
    return [{
      title: 'Ten mixed instances at once', notes: ['All ten mutations are sent together. "bare" is one run of the engine\'s script on the same machine; their sum is what a person would wait who runs them one after the other.'],
      columns: ['instance', 'ended', 'after ms', 'bare ms'],
      rows: [...outcomes.map(({ engine, state, ms }): Cell[] => [engine.title, state, ms, bareMs.get(engine)!]), ['all ten', `ratio ${(wallMs / sumMs).toFixed(2)}`, wallMs, sumMs]],
    }];
  } finally {
    await coffer.remove();
  }
};
