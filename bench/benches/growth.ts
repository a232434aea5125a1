/** What one item costs as the fleet grows. A cost that grows with the fleet would show here first. */
import { changeInstance } from '../../gateway/domain/instance/change.ts';
import { createStore } from '../../gateway/store/store.ts';
import { silentLog } from '../../kernel/log.ts';
import type { Bench } from '../support/bench.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { LIST, SHOW } from '../support/documents.ts';
import { type Fleet, growFleet, removeCreated } from '../support/fleet.ts';
import { connections, load, type LoadRequest } from '../support/load.ts';
import { median } from '../support/numbers.ts';
import type { Cell } from '../support/table.ts';
import { createBody } from './requests.ts';

const sizes = [10, 1_000, 10_000];
const pageSize = 20;

/** Milliseconds of wall clock per item at ten at a time. */
async function perRequestMs(request: LoadRequest, rounds: number, seconds: number, reset: () => Promise<void> = () => Promise.resolve()): Promise<number> {
  const rates: number[] = [];
  await load(request, { seconds: 1 });
  for (let round = 0; round < rounds; round += 1) {
    await reset();
    rates.push((await load(request, { seconds })).perSecond);
  }
  await reset();
  return 1_000 / median(rates);
}

/** What the report of an agent does to its instance: locked row, new status, event with the document. */
async function perUpdateMs(plane: ControlPlane, fleet: Fleet, rounds: number, seconds: number): Promise<number> {
  const store = createStore({ url: plane.storeUrl, maxConnections: connections, log: silentLog, applicationName: 'coffer-bench' });
  const rates: number[] = [];
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const startedAt = performance.now();
      let done = 0;
      await Promise.all(Array.from({ length: connections }, async (_, worker) => {
        for (let i = worker; performance.now() - startedAt < seconds * 1_000; i += connections) {
          const now = new Date();
          const id = fleet.ids[i % fleet.ids.length]!;
          await store.transaction((tx) => changeInstance(tx, id, { observation: { engine: 'RUNNING', counter: i }, observed_at: now, report_counter: i, volume_used_bytes: i }, { actor: 'system' }, now));
          done += 1;
        }
      }));
      // the first fills caches
      if (round > 0) rates.push(done / ((performance.now() - startedAt) / 1_000));
      await removeCreated(plane.db);
    }
  } finally {
    await store.close();
  }
  return 1_000 / median(rates);
}

export const bench: Bench = async ({ quick, say }) => {
  const [rounds, seconds] = quick ? [1, 1] : [3, 3];
  const plane = await startControlPlane();
  const rows: Cell[][] = [];
  try {
    let fleet: Fleet | null = null;
    for (const size of sizes) {
      fleet = await growFleet(plane.db, fleet, size);
      say(`${size} instances`);
      const { url, token } = plane.coffer;
      const { projectId, ids } = fleet;
      const list = await perRequestMs({ url, token, body: JSON.stringify({ query: LIST, variables: { first: pageSize } }) }, rounds, seconds);
      const show = await perRequestMs({ url, token, body: () => JSON.stringify({ query: SHOW, variables: { id: ids[Math.floor(Math.random() * ids.length)] } }) }, rounds, seconds);
      const create = await perRequestMs({ url, token, body: () => createBody(projectId) }, rounds, seconds, () => removeCreated(plane.db));
      rows.push([size, list, show, create, await perUpdateMs(plane, fleet, rounds, seconds)]);
    }
    const [smallest, biggest] = [rows[0]!, rows.at(-1)!];
    const ratio: Cell[] = [`× ${sizes.at(-1)! / sizes[0]!} rows`, ...biggest.slice(1).map((cell, i) => `× ${(Number(cell) / Number(smallest[i + 1])).toFixed(2)}`)];
    return [{
      title: 'Cost as the fleet grows', notes: [`Milliseconds of wall clock for one, ${connections} at a time, on one host: a list of ${pageSize}, any one instance, a create accepted, a status update (the transaction an agent's report makes, without the agent).`],
      columns: ['instances', 'list ms', 'show ms', 'create ms', 'status update ms'],
      rows: [...rows.map((row) => row.map((cell) => (typeof cell === 'number' && cell < 10 ? cell.toFixed(3) : String(cell)))), ratio],
    }];
  } finally {
    await plane.remove();
  }
};
