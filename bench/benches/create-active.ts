/**
 * From the mutation to ACTIVE, with a database and a user and after a connection as that user was verified; beside a
 * shell script that does the same to the same programs. Engines are installed beforehand. Rounds alternate.
 */
import { create, remove, show, succeed, until } from '../../test/support/actions.ts';
import { type Installation, startInstallation } from '../../test/support/installation.ts';
import { programsOf, runBareEngine } from '../support/bare-engine.ts';
import type { Bench } from '../support/bench.ts';
import { type BenchEngine, engines } from '../support/engines.ts';
import { median, spread } from '../support/numbers.ts';
import { enginePorts } from '../support/ports.ts';
import type { Cell, Table } from '../support/table.ts';

const goalRatio = 1.25;
const STEPS = 'query ($id: ID!) { node(id: $id) { ... on Operation { startedAt finishedAt createdAt steps { name startedAt finishedAt } } } }';

interface Step { name: string; ms: number }
interface Made { ms: number; steps: Step[] }

async function createOnce(coffer: Installation, engine: BenchEngine, name: string): Promise<Made & { build: string }> {
  const { client } = coffer;
  const startedAt = performance.now();
  const made = await create(client, { name, datastore: engine.datastore, version: engine.version, ...engine.input });
  await until(client, made.id, (instance) => instance.status === 'ACTIVE', 180_000);
  const ms = performance.now() - startedAt;
  await succeed(client, made.operationId);
  const { node: operation } = await client.query(STEPS, { id: made.operationId });
  const { build } = await show(client, made.id);
  await remove(client, made.id);
  const steps = (operation.steps as { name: string; startedAt: string; finishedAt: string }[]).map((step) => ({ name: step.name, ms: Date.parse(step.finishedAt) - Date.parse(step.startedAt) }));
  return { ms, build, steps: [{ name: '(until claimed)', ms: Date.parse(operation.startedAt) - Date.parse(operation.createdAt) }, ...steps] };
}

export const bench: Bench = async ({ quick, say }) => {
  const rounds = quick ? 1 : 7;
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const rows: Cell[][] = [];
  const stepTables: Table[] = [];
  try {
    for (const engine of engines) {
      // The first also installs the engine where it is missing, and loads what is loaded once.
      const { build } = await createOnce(coffer, engine, 'warm-up');
      const programs = await programsOf(build, engine.program);
      const [coffers, bare]: [Made[], number[]] = [[], []];
      for (let round = 1; round <= rounds; round += 1) {
        say(`${engine.title}, round ${round} of ${rounds}`);
        coffers.push(await createOnce(coffer, engine, `round-${round}`));
        bare.push(await runBareEngine(engine.script, programs));
      }
      const ours = coffers.map((made) => made.ms);
      rows.push([engine.title, median(ours), spread(ours), median(bare), spread(bare), median(ours) / median(bare), goalRatio]);
      stepTables.push({
        title: `Steps of a create, ${engine.title}`, notes: ['Medians. Between two steps the store is written; the rest is the mutation before the first and the status after the last.'], columns: ['step', 'ms'],
        rows: coffers[0]!.steps.map((step, i): Cell[] => [step.name, median(coffers.map((made) => made.steps[i]!.ms))]),
      });
    }
    return [{
      title: 'Create → ACTIVE', notes: ['From sending the mutation to the subscription\'s ACTIVE. The script uses the same programs and does what the engine needs: certificates, init, start, database and user, a connection as that user over verified TLS.'],
      columns: ['engine', 'Coffer ms', 'runs', 'bare script ms', 'runs of it', 'ratio', 'goal'], rows,
    }, ...stepTables];
  } finally {
    await coffer.remove();
  }
};
