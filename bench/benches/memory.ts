/** What the processes of one installation hold, as the kernel counts it (RSS; "private" is shared with nobody). */
import { setTimeout as delay } from 'node:timers/promises';
import { agentPid, create, succeed } from '../../test/support/actions.ts';
import { startInstallation } from '../../test/support/installation.ts';
import type { Bench } from '../support/bench.ts';
import { LIST, SHOW } from '../support/documents.ts';
import { engines } from '../support/engines.ts';
import { load } from '../support/load.ts';
import { memoryOf } from '../support/memory.ts';
import { enginePorts } from '../support/ports.ts';
import type { Cell } from '../support/table.ts';

const goals = { gateway: 120, agent: 70 };

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
    const agents: [string, number][] = [];
    let id = '';
    for (const engine of engines) {
      const made = await create(coffer.client, { name: `held-${engine.datastore}`, datastore: engine.datastore, version: engine.version, ...engine.input });
      await succeed(coffer.client, made.operationId);
      agents.push([`agent of ${engine.title}`, await agentPid(made.id)]);
      ({ id } = made);
    }
    say(`${idleSeconds} s with a database of each kind`);
    await delay(idleSeconds * 1_000);
    await look('gateway', `${idle}, two databases made`, gateway, goals.gateway);
    for (const [what, pid] of agents) await look(what, idle, pid, goals.agent);
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
