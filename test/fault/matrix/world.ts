/**
 * One installation for a whole matrix of kills: a host with the compute role and a gateway that only answers and
 * listens (it is never killed), and gateways beside it that work and are killed, each replaced at once by a new one on
 * the same ports.
 */
import pg from 'pg';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBrokenEngine } from '../../support/broken-engine.ts';
import { createFaults, type Faults } from '../../support/faults.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { freePorts } from '../../support/free-ports.ts';
import { type Installation, startInstallation } from '../../support/installation.ts';

export interface World {
  coffer: Installation;
  faults: Faults;
  /** gateways that died so far */
  deaths(): number;
  /** What store, agent and gateways know of an instance: where something did not end this tells at what it was. */
  account(instanceId: string): Promise<string>;
  remove(): Promise<void>;
}
/** One works, one follows, and one starts in the place of the last that died. */
const workers = 3;
const toldLines = 40;

/** `broken`: with an engine whose programs do not work (Redis 7); left out, there is one. */
export async function createWorld({ broken: hasBroken = true } = {}): Promise<World> {
  const faults = await createFaults();
  const broken = hasBroken ? await createBrokenEngine() : null;
  const coffer = await startInstallation({ env: { ...faults.env, ...broken?.env, COFFER_ROLES: 'api,conductor,compute', COFFER_DISK_RESERVE_GB: '0' } });
  const store = new pg.Client({ connectionString: (await readFile(join(coffer.home, 'control/store-url'), 'utf8')).trim() });
  await store.connect();
  let stopping = false;
  let deaths = 0;
  const current: (GatewayProcess | undefined)[] = [];
  const keep = async (slot: number, ports: readonly number[]): Promise<void> => {
    while (!stopping) {
      const gateway = await startGatewayProcess(coffer, { ports });
      current[slot] = gateway;
      await gateway.exited;
      deaths += 1;
      if (!stopping) await endLeases(store, gateway.pid);
    }
  };
  const ports = await freePorts(3 * workers);
  const kept = Array.from({ length: workers }, (_, slot) => keep(slot, ports.slice(3 * slot, 3 * slot + 3)));
  // No host is known before a worker has told of it.
  while (current.filter(Boolean).length < workers) await new Promise((resolve) => { setTimeout(resolve, 10); });
  await Promise.all(current.map((gateway) => gateway!.ready()));
  return {
    coffer, faults,
    deaths: () => deaths,
    async account(instanceId) {
      const rows = async (sql: string): Promise<string> => JSON.stringify((await store.query(sql, [instanceId])).rows);
      const agentLog = await readFile(join(coffer.home, 'instances', instanceId, 'logs/agent.log'), 'utf8').catch(String);
      return [
        await rows('select id, kind, state, step, attempt, epoch, lease_owner, lease_until, clock_timestamp() as now from operation where subject_id = $1 and finished_at is null'),
        await rows('select status, intent, agent_connected, agent_gateway, observation from instance where id = $1'),
        ...agentLog.trimEnd().split('\n').slice(-toldLines),
        ...current.map((gateway) => `gateway ${gateway?.pid}: ${(gateway?.output() ?? '').trimEnd().split('\n').slice(-toldLines).join('\n')}`),
      ].join('\n');
    },
    async remove() {
      stopping = true;
      for (const gateway of current) gateway?.signal('SIGKILL');
      await Promise.all(kept);
      await store.end();
      try { await coffer.remove(); } finally { await Promise.all([faults.remove(), broken?.remove()]); }
    },
  };
}

/**
 * As if the leases of the dead had run out already: of hundreds of kills most of the time would be spent waiting for
 * that. That they run out by themselves, and only then are taken over, is what the tests with zombies show.
 */
async function endLeases(store: pg.Client, pid: number): Promise<void> {
  await store.query("update operation set lease_until = clock_timestamp() - interval '1 ms' where lease_owner like '%/' || $1 || '-%' and finished_at is null", [pid]);
  await store.query("select pg_notify('coffer_operation', '')");
}
