/** An engine is killed with SIGKILL; a subscriber of its instance waits to be told. */
import { create, enginePid, succeed, until } from '../../test/support/actions.ts';
import { action } from '../../test/support/documents.ts';
import { type Installation, startInstallation } from '../../test/support/installation.ts';
import type { Bench } from '../support/bench.ts';
import { engines } from '../support/engines.ts';
import { quantile } from '../support/numbers.ts';
import { enginePorts } from '../support/ports.ts';
import { subscribe } from '../support/subscriber.ts';
import type { Cell } from '../support/table.ts';

const WATCH = 'subscription ($id: ID!) { instance(id: $id) { cursor instance { status conditions { type reason } } } }';
const goalMs = 500;

/** Milliseconds from the signal to the message that the instance is no longer ACTIVE, and until it is again. */
async function killOnce(coffer: Installation, id: string): Promise<{ toldMs: number; backMs: number }> {
  const pid = await enginePid(id);
  const watcher = await subscribe(coffer.url, coffer.token, WATCH, { id });
  const told = watcher.until((text) => !text.includes('"status":"ACTIVE"'));
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const toldMs = (await told) - killedAt;
  await watcher.close();
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  const backMs = performance.now() - killedAt;
  // A start by request forgets earlier crashes: otherwise the fifth kill would be a crash loop.
  const { restartInstance } = await coffer.client.query(action('restartInstance'), { input: { instanceId: id } });
  await succeed(coffer.client, restartInstance.operation.id);
  await until(coffer.client, id, (instance) => instance.status === 'ACTIVE');
  return { toldMs, backMs };
}

export const bench: Bench = async ({ quick, say }) => {
  const kills = quick ? 3 : 40;
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const rows: Cell[][] = [];
  try {
    for (const engine of engines) {
      const made = await create(coffer.client, { name: `killed-${engine.datastore}`, datastore: engine.datastore, version: engine.version, ...engine.input });
      await succeed(coffer.client, made.operationId);
      const seen: { toldMs: number; backMs: number }[] = [];
      for (let kill = 1; kill <= kills; kill += 1) {
        if (kill % 10 === 1) say(`${engine.title}, kill ${kill} of ${kills}`);
        seen.push(await killOnce(coffer, made.id));
      }
      const told = seen.map((one) => one.toldMs);
      rows.push([engine.title, kills, quantile(told, 0.5), quantile(told, 0.99), Math.max(...told), goalMs, quantile(seen.map((one) => one.backMs), 0.5)]);
    }
    return [{
      title: 'Engine killed → subscriber told', notes: ['From SIGKILL of the engine\'s first process to the message at a subscriber of the instance; "back" is when it is ACTIVE again.'],
      columns: ['engine', 'kills', 'p50 ms', 'p99 ms', 'worst ms', 'goal p99', 'back p50 ms'], rows,
    }];
  } finally {
    await coffer.remove();
  }
};
