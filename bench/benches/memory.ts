/** What the processes of one installation hold, as the kernel counts it (RSS; "private" is shared with nobody). */
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid, create, processesOf, succeed } from '../../test/support/actions.ts';
import { type Installation, startInstallation } from '../../test/support/installation.ts';
import type { Bench } from '../support/bench.ts';
import { LIST, SHOW } from '../support/documents.ts';
import { type BenchEngine, engines } from '../support/engines.ts';
import { load } from '../support/load.ts';
import { type Memory, memoryOf } from '../support/memory.ts';
import { enginePorts } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const goals = { gateway: 120, agent: 70 };

/** Of those that the version works in. */
async function smallestFlavor({ client }: Installation, { datastore, version }: BenchEngine): Promise<string> {
  const { datastore: found } = await client.query('query($name: String!) { datastore(name: $name) { versions { edges { node { name flavors { name memoryMb } } } } } }', { name: datastore });
  const { flavors } = found.versions.edges.find(({ node }: any) => node.name === version).node;
  const [smallest] = [...flavors].sort((a: any, b: any) => a.memoryMb - b.memoryMb);
  return smallest.name;
}

export const bench: Bench = async ({ quick, say }) => {
  const [idleSeconds, loadSeconds] = quick ? [5, 3] : [60, 20];
  const coffer = await startInstallation({ env: { COFFER_ENGINE_PORTS: enginePorts } });
  const rows: Cell[][] = [];
  try {
    const gateway = await coffer.gatewayPid();
    const look = async (what: string, when: string, pid: number, goal: number | null): Promise<void> => {
      const { rssMib, privateMib } = await memoryOf(pid);
      rows.push([what, when, rssMib, privateMib, goal]);
    };
    const idle = `idle, ${idleSeconds} s`;
    say(`${idleSeconds} s without databases`);
    await delay(idleSeconds * 1_000);
    await look('gateway', `${idle}, no database`, gateway, goals.gateway);
    await look('host', `${idle}, no database`, coffer.hostPid(), null);
    const held: { title: string; flavor: string; id: string }[] = [];
    for (const engine of engines) {
      const flavor = await smallestFlavor(coffer, engine);
      say(`${engine.title} with the flavor ${flavor}`);
      const made = await create(coffer.client, { ...engine.input, name: `held-${engine.datastore}`, datastore: engine.datastore, version: engine.version, flavor });
      await succeed(coffer.client, made.operationId);
      held.push({ title: engine.title, flavor, id: made.id });
    }
    const { id } = held[0]!;
    say(`${idleSeconds} s with a database of each kind`);
    await delay(idleSeconds * 1_000);
    await look('gateway', `${idle}, a database of each kind`, gateway, goals.gateway);
    for (const { title, flavor, id: instance } of held) {
      const agent = await agentPid(instance);
      await look(`agent of ${title}`, idle, agent, goals.agent);
      const parts = await Promise.all((await processesOf(instance)).filter(({ pid }) => pid !== agent).map(({ pid }) => memoryOf(pid)));
      const sum = (of: (part: Memory) => number): number => parts.reduce((total, part) => total + of(part), 0);
      rows.push([`${title}, flavor ${flavor}`, `${idle}, ${parts.length} process${parts.length === 1 ? '' : 'es'}`, sum(({ rssMib }) => rssMib), sum(({ privateMib }) => privateMib), null]);
    }
    say('load');
    const { url, token } = coffer;
    await load({ url, token, body: JSON.stringify({ query: LIST, variables: { first: 20 } }) }, { seconds: loadSeconds });
    await load({ url, token, body: JSON.stringify({ query: SHOW, variables: { id } }) }, { seconds: loadSeconds });
    await look('gateway', `after ${2 * loadSeconds} s of load`, gateway, null);
    await delay(idleSeconds * 1_000);
    await look('gateway', `${idleSeconds} s later`, gateway, null);
    return [{ title: 'Memory', notes: [], columns: ['process', 'when', 'RSS MiB', 'private MiB', 'goal RSS'], rows }];
  } finally {
    await coffer.remove();
  }
};
